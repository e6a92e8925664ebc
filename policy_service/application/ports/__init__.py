"""What the service needs of the world: one protocol a need, named for the need and not for a technology."""

from policy_service.application.ports.callers import (
    AuditFilter,
    AuditRepository,
    KeyRepository,
    LastKnownKeys,
    TokenVerifier,
)
from policy_service.application.ports.changes import (
    ChangeSignal,
    Versions,
    VersionStore,
)
from policy_service.application.ports.chargers import (
    ChargerRepository,
    OverrideRepository,
    StandingOverrides,
)
from policy_service.application.ports.common import (
    Clock,
    ConflictError,
    CursorError,
    Fingerprints,
    Page,
    Seal,
    StoreUnavailableError,
)
from policy_service.application.ports.events import (
    EventCount,
    EventFeed,
    EventFilter,
    EventGrouping,
    EventReader,
    EventRefusedError,
    EventRetention,
    EventSpool,
    EventWriter,
    SpoolBatch,
    SpoolBrokenError,
    SpoolFullError,
)
from policy_service.application.ports.imports import (
    LOSSY_SHARE,
    FeedRepository,
    ImportConflict,
    ImportLog,
    ImportSession,
    ImportTooLossyError,
)
from policy_service.application.ports.policies import (
    LastGoodTree,
    PolicyFiles,
    PolicyFilesError,
)
from policy_service.application.ports.privacy import (
    EventErasure,
    FingerprintKeys,
)
from policy_service.application.ports.registry import (
    AgreementRepository,
    IdentifierRepository,
    Keys,
    RegistrySnapshot,
    Shared,
    SharedCache,
)

__all__ = [
    "LOSSY_SHARE",
    "AgreementRepository",
    "AuditFilter",
    "AuditRepository",
    "ChangeSignal",
    "ChargerRepository",
    "Clock",
    "ConflictError",
    "CursorError",
    "EventCount",
    "EventErasure",
    "EventFeed",
    "EventFilter",
    "EventGrouping",
    "EventReader",
    "EventRefusedError",
    "EventRetention",
    "EventSpool",
    "EventWriter",
    "FeedRepository",
    "FingerprintKeys",
    "Fingerprints",
    "IdentifierRepository",
    "ImportConflict",
    "ImportLog",
    "ImportSession",
    "ImportTooLossyError",
    "KeyRepository",
    "Keys",
    "LastGoodTree",
    "LastKnownKeys",
    "OverrideRepository",
    "Page",
    "PolicyFiles",
    "PolicyFilesError",
    "RegistrySnapshot",
    "Seal",
    "Shared",
    "SharedCache",
    "SpoolBatch",
    "SpoolBrokenError",
    "SpoolFullError",
    "StandingOverrides",
    "StoreUnavailableError",
    "TokenVerifier",
    "VersionStore",
    "Versions",
]
