"""All models and enums of the OpenAPI document."""

from .feedback_type import FeedbackType
from .integration import Integration
from .integration_log import IntegrationLog
from .integration_log_create import IntegrationLogCreate
from .integration_update import IntegrationUpdate
from .language import Language
from .logged_request import LoggedRequest
from .logged_request_create import LoggedRequestCreate
from .logged_response import LoggedResponse
from .logged_response_create import LoggedResponseCreate
from .shop_order_status import ShopOrderStatus
from .shop_order_status_input import ShopOrderStatusInput
from .shop_order_statuses_replace import ShopOrderStatusesReplace
from .status_category import StatusCategory
from .status_mapping import StatusMapping
from .status_mapping_entry import StatusMappingEntry
from .status_mapping_entry_input import StatusMappingEntryInput
from .status_mapping_replace import StatusMappingReplace
from .status_translation import StatusTranslation
from .status_translation_input import StatusTranslationInput

__all__ = [
    "FeedbackType",
    "Integration",
    "IntegrationLog",
    "IntegrationLogCreate",
    "IntegrationUpdate",
    "Language",
    "LoggedRequest",
    "LoggedRequestCreate",
    "LoggedResponse",
    "LoggedResponseCreate",
    "ShopOrderStatus",
    "ShopOrderStatusInput",
    "ShopOrderStatusesReplace",
    "StatusCategory",
    "StatusMapping",
    "StatusMappingEntry",
    "StatusMappingEntryInput",
    "StatusMappingReplace",
    "StatusTranslation",
    "StatusTranslationInput",
]
