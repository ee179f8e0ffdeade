"""Account pages: plain HTML forms that work without JavaScript."""

from fastapi import APIRouter

from braintumor.api.account import assets, joining, login, overview, single_sign_on

router = APIRouter(include_in_schema=False)
for module in (assets, login, joining, overview, single_sign_on):
    router.include_router(module.router, prefix="/account")
