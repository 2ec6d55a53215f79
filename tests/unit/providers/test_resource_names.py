"""Names by which a resource is found again."""

import pytest

from weighbridge.providers.resource_names import keep_resource


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (
            "batches/gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9",
            "batches/gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9",
        ),
        ("files/batch-1", "files/batch-1"),
        ("projects/my-id/locations/eu/cachedContents/7", "locations/eu/cachedContents/7"),
        ("projects/123/locations/eu/cachedContents/7", "locations/eu/cachedContents/7"),
        ("projects/p", "projects/p"),
        ("projects/p/", "projects/p/"),
        ("files/what is this", None),
        ("files/naïve", None),
        ("", None),
        ("x" * 513, None),
        (None, None),
        (7, None),
    ],
)
def test_a_name_is_one_for_all_its_spellings(name: object, kept: str | None) -> None:
    """The project of Vertex names comes as id or number, so it is no part of the name."""
    assert keep_resource(name) == kept
