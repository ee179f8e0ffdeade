"""Account pages: plain HTML forms that work without JavaScript."""

from fastapi import APIRouter

from braintumor.api.account import assets, login, overview, registration, single_sign_on

router = APIRouter(include_in_schema=False)
for module in (assets, login, registration, overview, single_sign_on):
    router.include_router(module.router, prefix="/account")
