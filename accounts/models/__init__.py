"""People, teams, keys and the workspace."""

from accounts.models.api_key import ApiKey
from accounts.models.export import Export
from accounts.models.grant import Grant
from accounts.models.notification import Notification
from accounts.models.saved_view import SavedView
from accounts.models.share import TeamShare, UserShare
from accounts.models.team import Membership, Team
from accounts.models.user import User
from accounts.models.workspace import Workspace

__all__ = (
    "ApiKey",
    "Export",
    "Grant",
    "Membership",
    "Notification",
    "SavedView",
    "Team",
    "TeamShare",
    "User",
    "UserShare",
    "Workspace",
)
