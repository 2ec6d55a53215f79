"""A worker is dead when nobody holds the lock of its sign."""

import subprocess
import sys
from pathlib import Path

from weighbridge.budgets.lease import Holder
from weighbridge.control import life
from weighbridge.control.life import LifeSign

CHILD = """
import sys
from pathlib import Path
from weighbridge.budgets.lease import Holder
from weighbridge.control.life import LifeSign
sign = LifeSign.create(Path(sys.argv[1]), Holder(0, 7))
print("alive", flush=True)
sys.stdin.read()
"""


def test_a_worker_lives_until_its_process_ends(tmp_path: Path) -> None:
    """A killed process gives its lock up, and nobody has to tell."""
    holder = Holder(0, 7)
    assert life.is_dead(tmp_path, holder)
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"alive\n"
        assert not life.is_dead(tmp_path, holder)
        assert life.is_dead(tmp_path, Holder(0, 8))
        child.kill()
        child.wait()
    assert life.is_dead(tmp_path, holder)
    life.forget(tmp_path, holder)
    life.forget(tmp_path, holder)
    assert list(tmp_path.iterdir()) == []


def test_a_sign_that_is_closed_is_dead(tmp_path: Path) -> None:
    """A worker that ends in peace leaves no doubt either."""
    sign = LifeSign.create(tmp_path, Holder(1, 2))
    assert not life.is_dead(tmp_path, Holder(1, 2))
    sign.close()
    assert life.is_dead(tmp_path, Holder(1, 2))
