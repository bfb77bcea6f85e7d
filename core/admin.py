"""The operator's door: lists and filters are Django's, every change is an action of the catalogue."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from core import registry
from core.actions import CATALOGUE, ActionSpec, run
from core.conflicts import conflict_of, held_by
from core.errors import Denied, HouseError, Invalid, Refused


class HouseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A ModelAdmin whose add, change, delete and buttons call actions; all model fields are shown read-only.

    The editable fields are those of the action's form, so that the admin asks and refuses what every door does.
    """

    create_action: ClassVar[str] = ""
    update_action: ClassVar[str] = ""
    delete_action: ClassVar[str] = ""
    verbs: ClassVar[tuple[str, ...]] = ()
    actions = ()
    change_form_template = "admin/house_change_form.html"
    list_per_page = 50
    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the action's form as a ModelForm that writes nothing by itself."""
        spec = self.spec(change)
        base = (spec.form,) if spec and spec.form else ()
        start = self.initial_values(obj) if obj is not None else {}

        class ActionForm(*base, forms.ModelForm):  # type: ignore[misc]
            class Meta:
                model = self.model
                fields: ClassVar[list[str]] = []

            def __init__(form, *args: Any, **values: Any) -> None:  # noqa: N805  (self is the admin)
                values["initial"] = {**start, **(values.get("initial") or {})}
                super().__init__(*args, **values)

            def _post_clean(form) -> None:  # noqa: N805
                """Nothing: the action's form has judged, and the action judges the row."""

        return ActionForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's fields first, then every model field that the form does not ask."""
        asked = list(self.get_form(request, obj, change=obj is not None)().fields)
        return [*asked, *self.shown(asked)] if obj is not None else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is shown but never edited here."""
        if obj is None:
            return []
        if not self.has_change_permission(request, obj):
            return self.shown([])
        return self.shown(list(self.get_form(request, obj, change=True)().fields))

    def shown(self, asked: list[str]) -> list[str]:
        """Return the model's own columns that are not asked."""
        return [field.name for field in self.model._meta.fields if field.name not in asked]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial values of a new row."""
        return {key: value for key, value in request.GET.items() if not key.startswith("_")}

    def initial_values(self, obj: Any) -> dict[str, Any]:
        """Return what an existing row's form starts with: what the form says, else the columns."""
        spec = self.spec(change=True)
        return held_by(spec.form, obj) if spec and spec.form else {}

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        """Return the columns that are other rows, so that a list reads them with its own."""
        fields = self.model._meta.fields
        return [field.name for field in fields if field.many_to_one and field.name in self.list_display]

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """No inlines: they would write around the actions."""
        return []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether rows can be made here, and by this person."""
        return self.may(request, self.create_action)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this row can be edited here, and by this person."""
        return self.may(request, self.update_action, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this row can be deleted here, and by this person."""
        return self.may(request, self.delete_action, obj)

    def may(self, request: HttpRequest, name: str, obj: Any = None) -> bool:
        """Return whether the actor may run an action of the catalogue on this row."""
        spec = CATALOGUE.get(name)
        if spec is None or spec.permission is None:
            return False
        return bool(request.actor.can(spec.permission, obj).allowed)  # type: ignore[attr-defined]

    def spec(self, change: bool) -> ActionSpec | None:
        """Return the action behind the add or the change page."""
        return CATALOGUE.get(self.update_action if change else self.create_action)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Run the create or update action with the form's values; nothing else is written."""
        spec = self.spec(change)
        if spec is None:
            raise Denied(_("These rows are not edited here."))
        actor = request.actor  # type: ignore[attr-defined]
        subject = (obj,) if change else ()
        try:
            result = spec.function(*subject, actor=actor, **form.cleaned_data)
        except Refused as error:
            if error.code != "stale" or not change:
                raise
            raise conflict_of(spec.form, obj, form.data) from error
        if result is None:
            raise Refused(_("Nothing would be kept. Fill in every field."))
        obj.__dict__.update(result.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: relations are the action's business."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what goes with the rows; whether it may go is the action's business."""
        listed, counts, _perms_needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Run the delete action."""
        run(self.delete_action, obj, actor=request.actor, data={})  # type: ignore[attr-defined]

    def log_addition(self, *args: Any) -> Any:
        """Nothing: the event row is the log."""

    def log_change(self, *args: Any) -> Any:
        """Nothing: the event row is the log."""

    def log_deletions(self, *args: Any) -> Any:
        """Nothing: the event row is the log."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show or take the form; a refusal of the action becomes a message on the same page."""
        context = {**(extra_context or {}), "verbs": self.buttons(request, object_id)}
        return self.guarded(
            request, lambda: super(HouseAdmin, self).changeform_view(request, object_id, form_url, context)
        )

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask and delete; a refusal becomes a message."""
        return self.guarded(request, lambda: super(HouseAdmin, self).delete_view(request, object_id, extra_context))

    def guarded(self, request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """Return the answer, or the same page with the reason of the refusal."""
        try:
            return answer()
        except HouseError as error:
            if isinstance(error, Denied):
                registry.refusal_recorder(request, error)
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def buttons(self, request: HttpRequest, object_id: str | None) -> list[dict[str, str]]:
        """Return the verbs that this person's role may use, for the change page."""
        if object_id is None:
            return []
        info = self.opts.app_label, self.opts.model_name
        return [
            {
                "label": name.partition(".")[2].replace("_", " ").capitalize(),
                "url": reverse("admin:{}_{}_verb".format(*info), args=[object_id, name]),
            }
            for name in self.verbs
            if self.may(request, name)
        ]

    def get_urls(self) -> list[Any]:
        """Add the address of the verbs."""
        info = self.opts.app_label, self.opts.model_name
        view = self.admin_site.admin_view(self.verb_view)
        return [path("<int:object_id>/do/<str:name>/", view, name="{}_{}_verb".format(*info)), *super().get_urls()]

    def verb_view(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """Ask what the verb needs, run it, and go back with a message."""
        spec = CATALOGUE.get(name) if name in self.verbs else None
        obj = self.get_object(request, str(object_id))
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id])
        if spec is None or obj is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form_class = spec.form or forms.Form
        form = form_class(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self.guarded(request, lambda: self._run_verb(request, spec, obj, form, back))
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "opts": self.opts,
            "original": obj,
            "title": name.partition(".")[2].replace("_", " ").capitalize(),
            "back": back,
            "doc": spec.doc,
        }
        return TemplateResponse(request, "admin/house_verb.html", context, status=200 if not form.errors else 422)

    def _run_verb(self, request: HttpRequest, spec: ActionSpec, obj: Any, form: Any, back: str) -> HttpResponse:
        try:
            spec.function(obj, actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except Invalid as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("Done."))
        return HttpResponseRedirect(back)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the row when this person may see it."""
        obj = super().get_object(request, object_id, from_field)
        return obj if obj is not None and self.has_view_permission(request, obj) else None


def register(
    model: type[Model], columns: str, *, filters: str = "", search: str = "", verbs: str = "",
    create: str = "", update: str = "", delete: str = "", base: type[HouseAdmin] = HouseAdmin,
) -> None:  # fmt: skip
    """Show a model's rows: columns, filters and searched fields, and the actions behind its pages and its buttons."""
    about = {
        "list_display": columns.split(),
        "list_filter": filters.split(),
        "verbs": tuple(verbs.split()),
        "create_action": create,
        "update_action": update,
        "delete_action": delete,
    }
    about |= {"search_fields": search.split()} if search else {}
    admin.site.register(model, type(f"{model.__name__}Admin", (base,), about))
