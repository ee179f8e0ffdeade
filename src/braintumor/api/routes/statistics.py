"""Numbers over the own history, and over all users for administrators."""

from datetime import date

from fastapi import APIRouter

from braintumor.api.access import Administrator, Reader
from braintumor.api.response_docs import error_responses
from braintumor.api.routes.readings import Time
from braintumor.api.schemas.records import DayCount, OwnStatistics, UserStatisticsResponse
from braintumor.api.state import State
from braintumor.db.access_log import log_access
from braintumor.db.overview.statistics import count_by_user
from braintumor.db.overview.summary import summarize_history

router = APIRouter(prefix="/api/v1/statistics", tags=["statistics"])


@router.get("", responses=error_responses(401, 403, 409, 422))
def show_statistics(state: State, caller: Reader, since: Time | None = None) -> OwnStatistics:
    """Count own readings by verdict, class, version and day."""
    summary = summarize_history(state.storage, caller.actor, since=since)
    results: dict[str, int] = {}
    for (_, result), count in summary.by_result.items():
        results[result] = results.get(result, 0) + count
    days: dict[date, int] = {}
    for (day, _), count in summary.by_day.items():
        days[day] = days.get(day, 0) + count
    return OwnStatistics(
        readings=summary.readings,
        by_verdict=dict(summary.by_verdict),
        by_result=results,
        by_version=dict(summary.by_version),
        by_day=[DayCount(day=day, readings=count) for day, count in sorted(days.items())],
    )


@router.get("/users", responses=error_responses(401, 403, 409))
def show_user_statistics(state: State, caller: Administrator) -> list[UserStatisticsResponse]:
    """Count what each user has stored: numbers only, no scans and no results."""
    log_access(state.storage, caller.actor, "users.listed", "user:all")
    return [UserStatisticsResponse.model_validate(row) for row in count_by_user(state.storage, caller.actor)]
