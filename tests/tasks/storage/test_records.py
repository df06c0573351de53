import pytest

from tasks.domain.errors import OutputError
from tasks.storage.records import read_result


@pytest.mark.parametrize("content", ["", '{"version": 1', '{"version": 2}'])
def test_a_damaged_record_is_named_with_the_remedy(content, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(OutputError, match=r"a.json' cannot be read .*remove it"):
        read_result(str(tmp_path / "a.json"))
