"""The routes of people, their start pages and the workspace."""

from django.urls import path

from accounts.listing import export_file
from accounts.views import access, api_keys, audit, home, jobs, notifications, people, saved_views, teams, workspace

app_name = "accounts"

urlpatterns = [
    path("", home.home, name="home"),
    path("today/", home.today, name="today"),
    path("dashboard/", home.dashboard, name="dashboard"),
    path("profile/", home.profile, name="profile"),
    path("profile/hours/", home.hours, name="hours"),
    path("theme/", home.theme, name="theme"),
    path("language/", home.language, name="language"),
    path("join/<slug:purpose>/<str:token>/", home.join, name="join"),
    path("notifications/", notifications.list_, name="notifications"),
    path("notifications/read/", notifications.read_all, name="notifications-read"),
    path("notifications/<int:pk>/", notifications.open_, name="notification-open"),
    path("exports/<int:pk>/", export_file, name="export-file"),
    path("people/", people.list_, name="person-list"),
    path("people/export/", people.export, name="person-export"),
    path("people/invite/", people.invite, name="person-invite"),
    path("people/roles/", people.matrix, name="roles"),
    path("people/<int:pk>/", people.detail, name="person-detail"),
    path("people/<int:pk>/roles/", people.roles, name="person-roles"),
    path("people/<int:pk>/deactivate/", people.deactivate, name="person-deactivate"),
    path("people/<int:pk>/reset-second-factor/", people.reset_second_factor, name="person-reset-second-factor"),
    path("people/<int:pk>/reactivate/", people.reactivate, name="person-reactivate"),
    path("people/<int:pk>/invite/", people.invite_again, name="person-invite-again"),
    path("teams/", teams.list_, name="team-list"),
    path("teams/new/", teams.new, name="team-new"),
    path("teams/<int:pk>/", teams.detail, name="team-detail"),
    path("teams/<int:pk>/members/", teams.members, name="team-members"),
    path("teams/<int:pk>/delete/", teams.delete, name="team-delete"),
    path("keys/", api_keys.list_, name="key-list"),
    path("keys/new/", api_keys.new, name="key-new"),
    path("keys/<int:pk>/revoke/", api_keys.revoke, name="key-revoke"),
    path("access/<slug:noun>/<int:pk>/", access.panel, name="access"),
    path("access/<slug:noun>/<int:pk>/share/", access.share, name="access-share"),
    path("access/<slug:noun>/<int:pk>/unshare/", access.unshare, name="access-unshare"),
    path("access/<slug:noun>/<int:pk>/ask/", access.ask, name="access-ask"),
    path("views/new/<slug:page>/", saved_views.new, name="view-new"),
    path("views/columns/<slug:page>/", saved_views.columns, name="view-columns"),
    path("views/<int:pk>/", saved_views.edit, name="view-edit"),
    path("views/<int:pk>/delete/", saved_views.delete, name="view-delete"),
    path("audit/", audit.list_, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
    path("settings/jobs/", jobs.list_, name="job-list"),
    path("settings/jobs/run/", jobs.start, name="job-run"),
    path("settings/jobs/replay/<int:pk>/", jobs.replay, name="delivery-replay"),
    path("settings/business/", workspace.edit, name="workspace"),
    path("settings/release/", workspace.release, name="workspace-release"),
]
