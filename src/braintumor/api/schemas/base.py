"""Base of all responses, and errors."""

from pydantic import BaseModel, ConfigDict, Field


class ResponseModel(BaseModel):
    """A response, made of a dataclass with the same attributes."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """A body of a request; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(BaseModel):
    """An error as in RFC 9457: what happened, and what to do next."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such record, or it belongs to another user."])
    errors: list[FieldProblem] = Field(default=[], description="Fields that are not valid.")
