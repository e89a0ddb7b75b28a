import pytest
from scripts import check_environment_reads
from tests.unit.scripts.conftest import MakeTree

READS = [
    "import os\nx = os.environ['A']\n",
    "import os\nx = os.getenv('A')\n",
    "import os as system\nx = system.environ.get('A')\n",
    "import os.path\nimport os\nos.environb\n",
    "from os import environ\n",
    "from os import path, getenv as read\n",
    "def start():\n    from os import environ\n",
    "option = Option(envvar='A')\n",
]


@pytest.mark.parametrize("source", READS)
def test_reading_the_environment_fails(make_tree: MakeTree, source: str) -> None:
    (problem, *_) = check_environment_reads.problems(make_tree({"src/segue/cli/serve.py": source}))
    assert problem.startswith("src/segue/cli/serve.py:")


@pytest.mark.parametrize("name", ["src/segue/settings.py", "src/segue/settings/sources.py", "tests/conftest.py"])
def test_settings_and_tests_may(make_tree: MakeTree, name: str) -> None:
    assert list(check_environment_reads.problems(make_tree({name: "".join(READS)}))) == []


def test_other_uses_of_os_and_other_environs_pass(make_tree: MakeTree) -> None:
    source = "import os\nx = os.cpu_count()\ny = jinja.environ\nz = request.getenv('A')\n"
    assert list(check_environment_reads.problems(make_tree({"src/segue/app.py": source}))) == []
