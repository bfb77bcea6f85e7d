"""Addresses of the money part; the public ones carry an opaque token."""

from django.urls import path

from billing.views import invoices, panels, payments, proposals, public, sandbox, webhooks

app_name = "billing"

urlpatterns = [
    path("proposals/", proposals.list_, name="proposal-list"),
    path("proposals/export/", proposals.export, name="proposal-export"),
    path("leads/<int:pk>/proposal/", proposals.new, name="proposal-new"),
    path("deals/<int:pk>/proposal/", proposals.new_for_deal, name="proposal-new-deal"),
    path("proposals/<int:pk>/", proposals.detail, name="proposal-detail"),
    path("proposals/<int:pk>/edit/", proposals.edit, name="proposal-edit"),
    path("proposals/<int:pk>/pdf/", proposals.pdf, name="proposal-pdf"),
    path("proposals/<int:pk>/send/", proposals.send, name="proposal-send"),
    path("proposals/<int:pk>/approval/", proposals.approval, name="proposal-approval"),
    path("proposals/<int:pk>/withdraw/", proposals.withdraw, name="proposal-withdraw"),
    path("proposals/<int:pk>/replace/", proposals.replace, name="proposal-replace"),
    path("billing/", payments.list_, name="payment-list"),
    path("billing/export/", payments.export, name="payment-export"),
    path("billing/payments/<int:pk>/", payments.detail, name="payment-detail"),
    path("billing/payments/<int:pk>/refund/", payments.refund, name="payment-refund"),
    path("billing/payments/<int:pk>/review/", payments.review, name="payment-review"),
    path("billing/invoices/", invoices.list_, name="invoice-list"),
    path("billing/invoices/export/", invoices.export, name="invoice-export"),
    path("billing/invoices/<int:pk>/", invoices.detail, name="invoice-detail"),
    path("billing/invoices/<int:pk>/pdf/", invoices.pdf, name="invoice-pdf"),
    path("billing/invoices/<int:pk>/send/", invoices.send, name="invoice-send"),
    path("billing/invoices/<int:pk>/paid/", invoices.mark_paid, name="invoice-mark-paid"),
    path("billing/invoices/<int:pk>/void/", invoices.void, name="invoice-void"),
    path("deals/<int:pk>/invoice/", invoices.issue, name="invoice-issue"),
    path("leads/<int:pk>/money/", panels.lead_panel, name="lead-panel"),
    path("deals/<int:pk>/money/", panels.deal_panel, name="deal-panel"),
    path("p/<str:token>/", public.proposal, name="public-proposal"),
    path("p/<str:token>/seen/", public.seen, name="public-seen"),
    path("p/<str:token>/accept/", public.accept, name="public-accept"),
    path("p/<str:token>/decline/", public.decline, name="public-decline"),
    path("p/<str:token>/question/", public.question, name="public-question"),
    path("p/<str:token>/pay/", public.pay, name="public-pay"),
    path("p/<str:token>/pdf/", public.pdf, name="public-pdf"),
    path("i/<str:token>/", public.invoice, name="public-invoice"),
    path("i/<str:token>/pdf/", public.invoice_pdf, name="public-invoice-pdf"),
    path("pay/sandbox/<str:reference>/", sandbox.pay, name="sandbox-pay"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook-stripe"),
]
