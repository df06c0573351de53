"""A real browser for tests of pages, and an installation to look at. Pictures of pages go to EDIT_FLOWS_SCREENSHOTS.

`browser_page` needs no server: any test below this folder may open any page on loopback with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.installation import Installation, standing

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREEN = {"width": 1400, "height": 1000}
PATIENCE = 30.0
"""Seconds something on a page is waited for."""
SCREENSHOTS = os.environ.get("EDIT_FLOWS_SCREENSHOTS")
"""Folder that keeps them; read before tests clear the settings of this project."""


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """An empty tab of a headless Chromium that reaches loopback and nothing else; a new browser for every test.

    Playwright's event loop lives in the test's own thread while the page is there: run no flow in it.
    """
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]
        page.set_default_timeout(1000 * PATIENCE)
        page.route("**/*", _stay_here)
        yield page
        browser.close()


@pytest.fixture
def screenshot(browser_page, tmp_path) -> Callable[[str], Path]:
    """Call it with a name: the whole page as a PNG file, kept in EDIT_FLOWS_SCREENSHOTS where that is set."""
    folder = Path(SCREENSHOTS) if SCREENSHOTS else tmp_path
    folder.mkdir(parents=True, exist_ok=True)

    def take(name: str) -> Path:
        file = folder / f"{name}.png"
        browser_page.screenshot(path=file, full_page=True)
        return file

    return take


@pytest.fixture(scope="session")
def installation(tmp_path_factory) -> Iterator[Installation]:
    """A Prefect server with its UI, all deployments, and a worker of the gpu pool with an engine (about 30 seconds)."""
    if CHROMIUM is None:
        pytest.skip("nobody could look at it: apt-get install chromium")
    with standing(tmp_path_factory.mktemp("installation")) as site:
        yield site


def _stay_here(route: Route) -> None:
    """Pages of others ask their makers for things; tests do not."""
    if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost", None):
        route.continue_()
    else:
        route.abort()
