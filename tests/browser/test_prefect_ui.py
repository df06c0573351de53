from __future__ import annotations


def test_a_server_opens(installation, browser_page, screenshot):
    browser_page.goto(f"{installation.url}/v2/deployments")
    browser_page.get_by_text("edit-image").first.wait_for()
    screenshot("deployments")
