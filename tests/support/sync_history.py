"""What workers wrote into a database, in order and by its clock. Triggers record it; the workers are not involved."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg

__all__ = ["SyncHistory"]

_SCHEMA = """
CREATE TABLE history (
  id bigserial PRIMARY KEY, kind text NOT NULL, account text NOT NULL,
  job_id bigint, started_at timestamptz, ended_at timestamptz, run_id text, synced_at timestamptz,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE FUNCTION record_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO history (kind, account, job_id, started_at, ended_at)
    VALUES ('job', NEW.account, NEW.job_id, NEW.started_at, NEW.ended_at);
  RETURN NULL;
END $$;
CREATE FUNCTION record_page() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO history (kind, account, run_id) VALUES ('page', NEW.account, NEW.run_id);
  RETURN NULL;
END $$;
CREATE FUNCTION record_success() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO history (kind, account, synced_at) VALUES ('success', NEW.name, NEW.last_synced_at);
  RETURN NULL;
END $$;
CREATE TRIGGER record_job AFTER UPDATE ON worker_account FOR EACH ROW
  WHEN ((OLD.job_id, OLD.started_at, OLD.ended_at) IS DISTINCT FROM (NEW.job_id, NEW.started_at, NEW.ended_at))
  EXECUTE FUNCTION record_job();
CREATE TRIGGER record_page AFTER INSERT OR UPDATE ON sync_state FOR EACH ROW EXECUTE FUNCTION record_page();
CREATE TRIGGER record_success AFTER UPDATE ON account FOR EACH ROW
  WHEN (OLD.last_synced_at IS DISTINCT FROM NEW.last_synced_at) EXECUTE FUNCTION record_success();
"""


class SyncHistory:
    """The history of a database that contains the tables of the workers.

    Args:
        database: URL of the database.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._query(_SCHEMA)
        self.began_at = self.get_time()

    def get_time(self) -> datetime:
        """Return the time of the database."""
        ((now,),) = self._query("SELECT clock_timestamp()")
        assert isinstance(now, datetime)
        return now

    def count_successes(self, *, after: datetime | None = None) -> Counter[str]:
        """Return how often each account was synced completely, after a time."""
        rows = self._query("SELECT account FROM history WHERE kind = 'success' AND at > %s", after or self.began_at)
        return Counter(str(account) for (account,) in rows)

    def list_gaps(self, accounts: Sequence[str]) -> Iterator[tuple[str, datetime, datetime]]:
        """Yield each account and period without a success: until the first one, between two, and after the last one."""
        times = {account: [self.began_at] for account in accounts}
        for account, at in self._query("SELECT account, at FROM history WHERE kind = 'success' ORDER BY id"):
            times[account].append(at)
        now = self.get_time()
        for account, found in times.items():
            for start, end in itertools.pairwise([*found, now]):
                yield account, start, end

    def find_busy_periods(self, jobs: int) -> list[tuple[datetime, datetime]]:
        """Return the periods in which at least a number of jobs had started and not ended, dead ones included."""
        changes: list[tuple[datetime, int]] = []
        for starts, ends in self._query(
            # A job that was taken over ends at the latest when its successor starts.
            "SELECT starts, least(ends, lead(starts) OVER (PARTITION BY account ORDER BY starts), clock_timestamp()) "
            "FROM (SELECT account, min(started_at) AS starts, max(ended_at) AS ends FROM history WHERE kind = 'job' "
            "GROUP BY account, job_id) jobs"
        ):
            changes += [(starts, 1), (ends, -1)]
        periods: list[tuple[datetime, datetime]] = []
        running, since = 0, self.began_at
        for at, change in sorted(changes):
            if running < jobs <= running + change:
                since = at
            elif running >= jobs > running + change:
                periods.append((since, at))
            running += change
        return periods

    def list_success_times(self) -> list[tuple[datetime, datetime]]:
        """Return the time that each success wrote, and the time when the database received it."""
        return self._query("SELECT synced_at, at FROM history WHERE kind = 'success' ORDER BY id")

    def find_overlapping_jobs(self) -> set[int]:
        """Return the jobs that had not ended when another job of their account started."""
        overlapping: set[int] = set()
        running: dict[str, int] = {}
        for account, job, ended_at in self._query(
            "SELECT account, job_id, ended_at FROM history WHERE kind = 'job' ORDER BY id"
        ):
            previous = running.get(account)
            if previous is not None and previous != job:
                overlapping.add(previous)
            running.pop(account, None)
            if ended_at is None:
                running[account] = job
        return overlapping

    def find_failed_jobs(self) -> set[int]:
        """Return the jobs that a worker finished as failed, for example because their own worker was dead."""
        return {job for (job,) in self._query("SELECT id FROM procrastinate_jobs WHERE status = 'failed'")}

    def find_interleaved_accounts(self) -> set[str]:
        """Return the accounts of which a run stored a page after another run had taken over."""
        runs: defaultdict[str, list[str]] = defaultdict(list)
        for account, run in self._query("SELECT account, run_id FROM history WHERE kind = 'page' ORDER BY id"):
            if runs[account][-1:] != [run]:
                runs[account].append(run)
        return {account for account, found in runs.items() if len(found) != len(set(found))}

    def get_longest_job(self) -> float:
        """Return the duration of the longest job that was not taken over, in seconds."""
        rows = self._query(
            "SELECT max(extract(epoch FROM ended_at - started_at)) FROM history WHERE kind = 'job' "
            "AND ended_at IS NOT NULL AND job_id NOT IN (SELECT id FROM procrastinate_jobs WHERE status = 'failed')"
        )
        return float(rows[0][0] or 0)

    def _query(self, sql: str, *parameters: Any) -> list[Any]:
        with psycopg.connect(self._database) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []
