"""Some hundred random changes of audit logs; audit_tampering.py runs as many as one likes."""

from audit_tampering import run

TRIALS = 300


def test_each_change_is_named_and_no_healthy_log_is(tmp_path):
    complaints, kinds = run(tmp_path, TRIALS, seed=20261129)
    assert not complaints, "\n".join(complaints[:5])
    assert len(kinds) > 30
