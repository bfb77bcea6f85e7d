"""The addresses of the mechanisms."""

from django.urls import path

from core import health, installed, metrics

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("sw.js", installed.worker, name="worker"),
]
