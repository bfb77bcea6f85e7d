"""The live line of a lead's page."""

from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.actor import Actor
from accounts.models import User
from core.doors import door
from core.errors import HouseError
from core.stream import stream
from crm.queries.leads import lead_for


@door("lead:read")
def lead(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Tell the open page of a lead that something happened around its contact; ends with the right to see it."""
    contact_id = lead_for(request.actor, pk).contact_id
    session, user_id = request.session, request.user.pk

    def still_allowed() -> bool:
        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is None or not session.exists(session.session_key):
            return False
        if session.get(HASH_SESSION_KEY) != user.get_session_auth_hash():
            return False  # the password changed, or all sessions were ended
        try:
            lead_for(Actor.for_user(user), pk)
        except HouseError:
            return False
        return True

    return stream(request, Q(contact_id=contact_id), allowed=still_allowed)
