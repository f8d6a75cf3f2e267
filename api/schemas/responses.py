"""What the server answers."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields


class ErrorDetail(ma.Schema):
    code = fields.String(required=True, metadata={"description": "Stable; for programs. docs/api.md lists all."})
    message = fields.String(required=True, metadata={"description": "What is wrong and what to do next; for people."})
    request_id = fields.String(required=True, metadata={"description": "Name of the request in the server's log."})
    fields_ = fields.Dict(data_key="fields", metadata={"description": "Each wrong field and what is wrong with it."})


class ErrorSchema(ma.Schema):
    error = fields.Nested(ErrorDetail, required=True)


class ProgressSchema(ma.Schema):
    """How far a job is."""

    status = fields.String()
    stage = fields.String(allow_none=True)
    done = fields.Raw(metadata={"type": "number"})
    total = fields.Raw(metadata={"type": "number"})
    percent = fields.Float(metadata={"description": "0 to 100; never falls within an attempt."})
    eta = fields.Float(allow_none=True, metadata={"description": "Seconds until the end, or null where it is not known yet."})
    message = fields.String(allow_none=True)
    updated_at = fields.Raw(allow_none=True, metadata={"type": "string", "format": "date-time"})


class FileSchema(ma.Schema):
    """A file that a job made."""

    name = fields.String()
    media_type = fields.String()
    size = fields.Integer(metadata={"description": "Bytes."})
    url = fields.String()


class LinksSchema(ma.Schema):
    self = fields.String()
    events = fields.String()


class FailureSchema(ma.Schema):
    code = fields.String()
    message = fields.String()


class JobSummary(ma.Schema):
    """A job as lists show it. Times are UTC."""

    id = fields.String()
    kind = fields.String()
    title = fields.String()
    status = fields.String(metadata={"enum": ["queued", "running", "succeeded", "failed", "cancelled"]})
    created_at = fields.AwareDateTime()
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)
    request = fields.Dict(metadata={"description": "What was asked for, with the defaults filled in."})
    error = fields.Nested(FailureSchema, allow_none=True)
    files = fields.List(fields.Nested(FileSchema))
    links = fields.Nested(LinksSchema)


class JobSchema(JobSummary):
    """A job."""

    progress = fields.Nested(ProgressSchema)


class JobsPage(ma.Schema):
    """Jobs, the newest first."""

    jobs = fields.List(fields.Nested(JobSummary))
    next_cursor = fields.String(allow_none=True, metadata={"description": "Null on the last page."})


class VoiceSchema(ma.Schema):
    name = fields.String()
    language = fields.String()


class VoicesSchema(ma.Schema):
    checkpoint = fields.Dict(metadata={"description": "What speaks: name, fingerprint, sample rate."})
    voices = fields.List(fields.Nested(VoiceSchema))


class CheckSchema(ma.Schema):
    ready = fields.Boolean()
    message = fields.String(allow_none=True)


class ReadinessSchema(ma.Schema):
    ready = fields.Boolean()
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckSchema))
