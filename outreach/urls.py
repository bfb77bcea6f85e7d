"""Addresses of outreach."""

from django.urls import path

from outreach.views import channels, hooks, inbox, messages, sink, suggestions, threads, tickets, wayout, workflows

app_name = "outreach"

urlpatterns = [
    path("inbox/", inbox.list_, name="inbox"),
    path("inbox/<int:pk>/", inbox.thread, name="inbox-thread"),
    path("inbox/<int:pk>/send/", inbox.send, name="inbox-send"),
    path("inbox/<int:pk>/draft/", suggestions.request_for_conversation, name="inbox-draft"),
    path("leads/<int:pk>/thread/", threads.lead_thread, name="lead-thread"),
    path("leads/<int:pk>/message/", threads.lead_send, name="message-send"),
    path("tickets/<int:pk>/thread/", tickets.thread, name="ticket-thread"),
    path("tickets/<int:pk>/reply/", tickets.send, name="ticket-send"),
    path("leads/<int:pk>/suggestions/", suggestions.lead_panel, name="lead-suggestions"),
    path("leads/<int:pk>/draft/", suggestions.request_for_lead, name="lead-draft"),
    path("suggestions/", suggestions.list_, name="suggestion-list"),
    path("suggestions/<int:pk>/edit/", suggestions.edit, name="suggestion-edit"),
    path("suggestions/<int:pk>/approve/", suggestions.approve, name="suggestion-approve"),
    path("suggestions/<int:pk>/reject/", suggestions.reject, name="suggestion-reject"),
    path("messages/unknown/", messages.unknown, name="unknown-sends"),
    path("messages/<int:pk>/resend/", messages.resend, name="message-resend"),
    path("messages/<int:pk>/settle/", messages.settle, name="message-settle"),
    path("messages/<int:pk>/correct/", threads.correct, name="message-correct"),
    path("workflows/", workflows.list_, name="workflow-list"),
    path("workflows/set/", workflows.set_, name="workflow-set"),
    path("workflows/pause/", workflows.pause, name="workflow-pause"),
    path("channels/test/", channels.test, name="channel-test"),
    path("mail-sink/", sink.list_, name="sink"),
    path("mail-sink/<int:pk>/", sink.detail, name="sink-detail"),
    path("mail-sink/<int:pk>/reply/", sink.reply, name="sink-reply"),
    path("u/<str:token>/", wayout.way_out, name="way-out"),
    path("webhooks/inbound-mail/", hooks.inbound_mail, name="inbound-mail"),
]
