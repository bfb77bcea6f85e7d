"""The public form: a stranger leaves a name and a way to answer, on our page or inside theirs."""

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

from core.doors import public
from core.errors import HouseError, Invalid, NotFound
from core.pages import page
from crm.actions.public_forms import submit_public_form
from crm.forms.public_forms import public_form_class
from crm.models import PublicForm
from crm.sheets import add_errors

PER_MINUTE = 10


class TooMany(HouseError):
    """More posts from one address than a person makes."""

    status = 429
    code = "throttled"


@csrf_exempt  # whoever posts is a stranger either way; a frame on another site has no cookie of ours
@xframe_options_exempt
@public(("GET", "HEAD", "POST"))
def fill_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form and take what was filled in; a known address joins its contact."""
    public_form = PublicForm.objects.filter(slug=slug, is_active=True).first()
    if public_form is None:
        raise NotFound(_("There is no form at this address any more."))
    form_class = public_form_class(public_form)
    form, status = form_class(), 200
    if request.method == "POST":
        slow_down(request.actor.ip)
        utm = {name: value for name, value in request.GET.items() if name.startswith("utm_")}
        try:
            submit_public_form(public_form, actor=request.actor, data=request.POST, utm=utm)
        except Invalid as error:
            form, status = form_class(request.POST), error.status
            add_errors(form, error.errors)
        else:
            embed = "&embed=1" if "embed" in request.GET else ""
            return _embeddable(HttpResponseRedirect(f"{request.path}?sent=1{embed}", status=303))
    context = {
        "public_form": public_form,
        "form": form,
        "embed": "embed" in request.GET,
        "sent": "sent" in request.GET and status == 200,
    }
    return _embeddable(page(request, "crm/public_forms/detail.html", context, status=status))


def slow_down(ip: str, what: str = "public-form") -> None:
    """Refuse the eleventh post of a minute from one address."""
    key = f"{what}:{ip}"
    cache.add(key, 0, 60)
    try:
        posts = cache.incr(key)
    except ValueError:
        return
    if posts > PER_MINUTE:
        raise TooMany(_("Too many tries. Wait a minute, then send it again; nothing was lost."))


def _embeddable(response: HttpResponse) -> HttpResponse:
    """Let other sites show the form in a frame; nobody is signed in to it, so nothing is to steal."""
    rules = settings.SECURE_CSP | {"frame-ancestors": ["*"]}
    response["Content-Security-Policy"] = "; ".join(f"{k} {' '.join(v)}" for k, v in rules.items())
    return response
