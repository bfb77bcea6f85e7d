"""Pipelines: one default, named stages, none removed under its deals."""

import pytest

from core.actions import run
from core.errors import Denied, Invalid, Refused
from crm.actions.pipelines import create_pipeline, set_stages, update_pipeline
from crm.forms.pipelines import SetStagesForm
from crm.models import Deal, Pipeline
from tests.factories.crm import SYSTEM, make_deal, make_pipeline
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def names(pipeline: Pipeline) -> list[str]:
    return list(pipeline.stages.order_by("order").values_list("name", flat=True))


def test_a_pipeline_starts_with_the_usual_stages(people):
    pipeline = run("pipeline.create", actor=as_actor(people.ada), data={"name": "Partners"})
    assert names(pipeline) == ["Discovery", "Proposal", "Proposal Sent", "Negotiation", "Closing"]
    assert pipeline.is_default


def test_only_administrators_manage_pipelines(people):
    for person in (people.max, people.rita, people.mia, people.vic):
        with pytest.raises(Denied):
            create_pipeline(actor=as_actor(person), name="Partners")


def test_there_is_one_default():
    first = make_pipeline()
    second = create_pipeline(actor=SYSTEM, name="Partners", is_default=True)
    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)
    with pytest.raises(Refused):
        update_pipeline(second, actor=SYSTEM, name="Partners", is_default=False)
    with pytest.raises(Invalid):
        create_pipeline(actor=SYSTEM, name="sales")
    with pytest.raises(Invalid):
        update_pipeline(second, actor=SYSTEM, name="Sales", is_default=True)


def test_stages_change_names_and_places_and_keep_their_deals():
    pipeline = make_pipeline()
    deal = make_deal(pipeline=pipeline)
    rows = SetStagesForm.values(pipeline)["stages"]
    rows[0]["name"], rows[1]["name"] = rows[1]["name"], rows[0]["name"]
    rows.reverse()
    run("pipeline.set_stages", pipeline, actor=SYSTEM, data={"stages": rows[:-1] + rows[-1:]})
    assert names(pipeline) == ["Closing", "Negotiation", "Proposal Sent", "Discovery", "Proposal"]
    assert Deal.objects.get(pk=deal.pk).stage.name == "Proposal"


def test_a_stage_with_deals_is_not_removed():
    pipeline = make_pipeline()
    make_deal(pipeline=pipeline)
    before = names(pipeline)
    with pytest.raises(Refused):
        set_stages(pipeline, actor=SYSTEM, stages=[{"name": "Closing", "probability": 90}])
    assert names(pipeline) == before


@pytest.mark.parametrize(
    "rows",
    [
        "[]",
        "x",
        '[{"name": "A", "probability": 101}]',
        '[{"name": "A", "probability": 1}, {"name": "a", "probability": 2}]',
    ],
)
def test_wrong_stages_are_refused(rows):
    pipeline = make_pipeline()
    with pytest.raises(Invalid):
        run("pipeline.set_stages", pipeline, actor=SYSTEM, data={"stages": rows})
    assert len(names(pipeline)) == 5


def test_stages_replaced_hand_their_chance_on_and_none_swallows_another():
    pipeline = make_pipeline()
    first = pipeline.stages.order_by("order").first()
    make_deal(stage=first)
    own = make_deal(stage=first, probability=77, probability_is_manual=True)
    rows = [{"id": first.pk, "name": "Discovery call", "probability": 35}, {"name": "Discovery", "probability": 5}]
    set_stages(pipeline, actor=SYSTEM, stages=rows)
    assert names(pipeline) == ["Discovery call", "Discovery"]
    assert dict(Deal.objects.values_list("pk", "probability"))[own.pk] == 77
    assert set(Deal.objects.exclude(pk=own.pk).values_list("probability", "stage__name")) == {(35, "Discovery call")}
    again = [row | {"id": first.pk} for row in rows]
    set_stages(pipeline, actor=SYSTEM, stages=again)
    assert names(pipeline) == ["Discovery call", "Discovery"]
