"""The text that Prometheus scrapes."""

from monitoring import exposition
from monitoring.exposition import Family, Sample


def test_the_text_escapes_whatever_a_label_holds() -> None:
    family = Family("a_b", 'Says "so"\nand \\ that.', [Sample({"name": 'a"b\\c\nd'}, 1.5), Sample({}, 2.0)])
    assert exposition.text([family]) == (
        '# HELP a_b Says "so"\\nand \\\\ that.\n# TYPE a_b gauge\na_b{name="a\\"b\\\\c\\nd"} 1.5\na_b 2\n'
    )
