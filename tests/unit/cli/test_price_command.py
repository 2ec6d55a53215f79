"""`weighbridge price` on a folder that nothing serves."""

from typing import Any

ADD = ("price", "add", "--model", "gemini-2.5-flash", "--source", "contract 4711")


def _input_price(command: Any) -> str:
    document = command("models", "--surface", "gemini", "--json").json
    model = next(one for one in document["models"] if one["model"] == "gemini-2.5-flash")
    found: str = next(
        line["usd"]
        for line in model["prices"]
        if (line["tier"], line["unit"]) == ("standard", "input_text_token")
    )
    return found


def test_rates_are_added_listed_and_removed(command: Any) -> None:
    """What changes is printed, and `models` goes by it, without a folder's being served."""
    listed = _input_price(command)
    done = command(*ADD, "--rate", "input_text_token=0.21", "--since", "2026-11-01")
    assert done.status == 0, done.err
    assert f"input_text_token: {listed} -> 0.21" in done.out
    assert _input_price(command) == "0.21"
    (one,) = command("price", "list", "--json").json["price_overrides"]
    assert "contract 4711" in command("price", "list", "--format", "csv").out
    done = command("price", "remove", one["id"])
    assert f"0.21 -> {listed}" in done.out
    assert _input_price(command) == listed


def test_a_dry_run_stores_nothing(command: Any) -> None:
    """It prints what would change."""
    command("token", "create", "--name", "begins the folder")
    done = command(*ADD, "--rate", "input_text_token=0.21", "--dry-run")
    assert "-> 0.21" in done.out
    assert done.err == "Nothing was stored.\n"
    assert command("price", "list", "--json").json["price_overrides"] == []


def test_what_cannot_be_is_told(command: Any) -> None:
    """A pair without `=`, and rates that no book could hold."""
    assert "expected UNIT=USD" in command(*ADD, "--rate", "0.21").err
    done = command(*ADD, "--rate", "input_token=0.21")
    assert done.status == 2
    assert "rates.input_token" in done.err
    command(*ADD, "--rate", "input_text_token=0.21")
    assert "No price changes" in command(*ADD, "--rate", "input_text_token=0.21").err
