"""`/api/v1/imports`: rows from files of the gateway's own machine, over `admin.sock` alone.

A path names a file of this machine, so only who can open the Unix socket may give one.
"""

from pathlib import Path

from fastapi import APIRouter, Request

from weighbridge.admin.auth import LOCAL, Administrator, ServicesOf
from weighbridge.admin.documents import ImportJob, ImportRequest
from weighbridge.admin.problems import RESPONSES
from weighbridge.errors import ClientError, NotAllowedError, NotFoundError, Problem

router = APIRouter(prefix="/api/v1", tags=["imports"], responses=RESPONSES)


@router.post("/imports", status_code=202, summary="Import a file")
def start_import(
    request: Request, caller: Administrator, services: ServicesOf, wanted: ImportRequest
) -> ImportJob:
    """Rows whose `exchange_id` is there already are skipped and counted."""
    if not request.scope.get(LOCAL):
        raise NotAllowedError("files are imported with `weighbridge import` on the machine itself")
    file = Path(wanted.file)
    if not file.is_absolute() or not file.is_file():
        message = f"expected the absolute path of a file that is there, got {wanted.file[:200]!r}"
        raise ClientError(message, problems=(Problem("file", message),))
    return ImportJob.model_validate(services.imports.start(file, caller), from_attributes=True)


@router.get("/imports/{job_id}", summary="Watch an import")
def get_import(_caller: Administrator, services: ServicesOf, job_id: str) -> ImportJob:
    """How far an import is."""
    job = services.imports.get(job_id)
    if job is None:
        raise NotFoundError(f"no import has the id {job_id[:60]!r}")
    return ImportJob.model_validate(job, from_attributes=True)
