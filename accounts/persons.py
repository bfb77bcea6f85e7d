"""What colleagues keep that may tell of a person outside; see core.persons."""

from core.persons import Held, declare, nobody

declare(
    Held("accounts.Notification", says={"text": None}, because="goes with what it leads to, or names"),
    Held("accounts.SavedView", says={"query": None, "name": None}),
    Held("accounts.Export", because="every kept file goes: each may hold the person"),
    Held("accounts.UserShare", because="goes with its record"),
    Held("accounts.TeamShare", because="goes with its record"),
)
nobody(
    "colleagues and the house itself",
    "accounts.ApiKey", "accounts.Grant", "accounts.Team", "accounts.Membership", "accounts.User", "accounts.Workspace",
)  # fmt: skip
