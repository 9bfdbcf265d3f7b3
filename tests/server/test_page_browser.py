"""The page in a real Chromium: every view, by keyboard, light and dark, small and large; axe."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.running import Here

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = os.environ.get("FREEHOLD_CHROMIUM") or shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no Chromium: FREEHOLD_CHROMIUM names one"
    ),
]
VIEWS = {
    "choose": "Choose a model", "models": "Models", "models/olmo-2": "OLMo 2", "play": "Play",
    "machine": "This machine", "ledger": "Ledger", "keys": "Keys",
}  # fmt: skip
LOOKS = (("light", 1200, 900), ("dark", 390, 844))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, shared: Here, request: pytest.FixtureRequest) -> Iterator[Any]:
    scheme, width, height = getattr(request, "param", LOOKS[0])
    opened = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, base_url=shared.url
    )
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    yield opened
    opened.close()
    assert wrong == []


@pytest.mark.parametrize("page", LOOKS, indirect=True, ids=lambda look: look[0])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_without_errors_and_without_findings(page: Any, view: str) -> None:
    page.goto(f"/#{view}")
    page.get_by_role("heading", name=VIEWS[view], level=1).wait_for()
    page.wait_for_load_state("networkidle")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["impact"]) for v in found] == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]  # nothing sticks out


def test_a_need_is_answered_with_reasons_and_a_way_to_the_model(page: Any) -> None:
    page.goto("/#choose")
    page.get_by_label("What it is for").select_option("text-generation")
    page.get_by_label("commercial").check()
    page.get_by_role("button", name="Choose").click()
    card = page.locator(".card").first
    card.wait_for()
    assert "commercial: yes" in card.inner_text()
    card.get_by_role("link").first.click()
    page.get_by_role("heading", name="How open it is").wait_for()


def test_models_are_filtered_while_one_types(page: Any) -> None:
    page.goto("/#models")
    page.get_by_role("searchbox").fill("olmo 2 allen")
    page.get_by_text("of 4").first.wait_for()
    rows = page.locator("tbody tr")
    assert 0 < rows.count() < 30
    assert "OLMo" in rows.first.inner_text()


def test_a_chat_works_by_keyboard_alone(page: Any) -> None:
    page.goto("/#play")
    page.get_by_label("Message").focus()
    page.keyboard.type("Why?")
    page.keyboard.press("Enter")
    page.get_by_text("Blue, because it scatters.").first.wait_for()
    page.keyboard.type("And?")
    page.keyboard.press("Enter")
    page.locator(".turns li").nth(3).wait_for()
    assert page.locator(".turns li.user").all_inner_texts() == ["Why?", "And?"]


def test_what_a_model_says_is_never_markup(page: Any, shared: Here) -> None:
    page.goto("/#play")
    page.get_by_label("Message").fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    page.locator(".turns li.user").wait_for()
    assert page.locator(".turns img").count() == 0


def test_the_first_tab_leads_past_the_pages(page: Any) -> None:
    page.goto("/#choose")
    page.get_by_role("heading", level=1).wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
