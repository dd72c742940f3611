import cexpr
from cexpr import _core


def test_python_and_core_share_one_version() -> None:
    assert cexpr.__version__ == _core.__version__


def test_scalar_target_is_always_available() -> None:
    assert _core.cpu_targets()[0] == "scalar"
    assert _core.cpu_active() in _core.cpu_targets()
