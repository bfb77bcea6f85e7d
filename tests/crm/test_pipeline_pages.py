"""Pipelines and stages on their pages: made, placed, changed, retired; a stage in use goes only with its deals."""

import json

import pytest

from core.errors import Refused
from crm.actions.pipelines import remove_stage, update_pipeline
from crm.models import Deal, Holiday, Pipeline
from tests.factories.crm import SYSTEM, make_deal, make_pipeline
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db
STAGE = {"name": "Trial", "probability": "55", "rot_days": "9", "needs": ["value", "lines"]}


def names(pipeline: Pipeline) -> list[str]:
    return list(pipeline.stages.order_by("order").values_list("name", flat=True))


def test_an_administrator_shapes_a_pipeline(ada, max_):
    client = browser(ada)
    assert client.post("/settings/pipelines/new/", {"name": "Partners"}).status_code == 303
    pipeline = Pipeline.objects.get(name="Partners")
    page = pipeline.get_absolute_url()
    assert client.post(f"{page}stage/", STAGE).status_code == 303
    stage = pipeline.stages.get(name="Trial")
    assert (stage.order, stage.rot_days, stage.needs) == (6, 9, ["value", "lines"])
    assert client.post(f"/settings/stages/{stage.pk}/place/", {"place": 2}).status_code == 303
    assert names(pipeline)[1] == "Trial"
    edit = f"/settings/stages/{stage.pk}/"
    assert client.post(edit, {**STAGE, "name": "Closing"}).status_code == 422
    assert client.post(edit, {**STAGE, "name": "Pilot", "needs": ["luck"]}).status_code == 422
    assert client.post(edit, {**STAGE, "name": "Pilot", "rot_days": ""}).status_code == 303
    shown = client.get(page).content.decode()
    assert "Asks for: a value, what is sold." in shown
    assert "Never stuck" in shown
    for address in ("/settings/pipelines/", page, edit, "/settings/holidays/"):
        assert client.get(address).status_code == 200
        assert browser(max_).get(address).status_code == 403


def test_a_stage_in_use_says_how_many_deals_and_where_they_go(ada, rita):
    pipeline = make_pipeline()
    first, second = pipeline.stages.order_by("order")[:2]
    deals = [make_deal(owner=rita), make_deal("lost"), make_deal(probability_is_manual=True)]
    client, url = browser(ada), f"/settings/stages/{first.pk}/remove/"
    assert "3 deals are in it" in client.get(url).content.decode()
    refused = client.post(url, {})
    assert refused.status_code == 409
    assert "3 deals are in “Discovery”" in refused.content.decode()
    assert client.post(url, {"move_to": first.pk}).status_code == 422
    assert client.post(url, {"move_to": second.pk}).status_code == 303
    assert "Discovery" not in names(pipeline)
    assert set(Deal.objects.values_list("stage", flat=True)) == {second.pk}
    chances = [Deal.objects.get(pk=deal.pk).probability for deal in deals]
    assert chances == [second.probability, 20, 20]


def test_the_last_stage_stays():
    pipeline = make_pipeline()
    for stage in pipeline.stages.order_by("order")[1:]:
        remove_stage(stage, actor=SYSTEM)
    with pytest.raises(Refused, match="at least one stage"):
        remove_stage(pipeline.stages.get(), actor=SYSTEM)


def test_a_retired_pipeline_keeps_its_board_while_deals_are_open(rita):
    pipeline, other = make_pipeline(), make_pipeline("Old", is_default=False)
    with pytest.raises(Refused):
        update_pipeline(pipeline, actor=SYSTEM, name="Sales", is_default=True, is_active=False)
    deal = make_deal(owner=rita, pipeline=other)
    update_pipeline(other, actor=SYSTEM, name="Old", is_active=False)
    client = browser(rita)
    assert deal.title in client.get(f"/deals/?pipeline={other.pk}").content.decode()
    Deal.objects.filter(pk=deal.pk).delete()
    assert client.get(f"/deals/?pipeline={other.pk}").status_code == 404
    url, new = f"/deals/new/?contact={deal.contact_id}", {"title": "X", "contact": deal.contact_id}
    assert client.post(url, {**new, "pipeline": other.pk}).status_code == 422
    page = client.get(url).content.decode()
    assert "Sales: Discovery" in page
    assert "Old: Discovery" not in page


def test_rest_and_the_admin_keep_pipelines_stages_and_holidays(ada):
    client = api_client(ada)

    def send(method: str, path: str, **body):
        data = json.dumps(body)
        return client.generic(method, f"/api/v1/crm/{path}", data, content_type="application/json")

    pipeline = make_pipeline()
    stage = {"name": "Trial", "probability": 55, "needs": ["value"]}
    made = send("POST", f"pipelines/{pipeline.pk}/stages", **stage).json()["stages"][-1]
    assert (made["name"], made["needs"]) == ("Trial", ["value"])
    changed = send("PATCH", f"stages/{made['id']}", rot_days=3).json()
    assert (changed["rot_days"], changed["needs"], changed["probability"]) == (3, ["value"], 55)
    placed = send("POST", f"stages/{made['id']}/place", place=1).json()
    assert placed["stages"][0]["id"] == made["id"]
    make_deal(stage=pipeline.stages.get(pk=made["id"]))
    refused = send("POST", f"stages/{made['id']}/remove")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    to = placed["stages"][1]["id"]
    assert send("POST", f"stages/{made['id']}/remove", move_to=to).status_code == 200
    day = send("POST", "holidays", on="2026-12-25", name="Christmas")
    assert day.status_code == 201
    assert send("DELETE", f"holidays/{day.json()['id']}").status_code == 204
    assert not Holiday.objects.exists()
    office = browser(ada)
    for path in ("playbook", "process", "holiday", "pricelist", "pipeline"):
        assert office.get(f"/admin/crm/{path}/").status_code == 200
    assert office.get(f"/admin/crm/pipeline/{pipeline.pk}/do/stage.create/").status_code == 200
