"""Contains all the data models used in inputs/outputs"""

from .analysis import Analysis
from .analysis_request import AnalysisRequest
from .analysis_request_algorithm import AnalysisRequestAlgorithm
from .analysis_request_backend import AnalysisRequestBackend
from .analysis_request_precision import AnalysisRequestPrecision
from .analysis_request_scale_type_0 import AnalysisRequestScaleType0
from .analysis_shape import AnalysisShape
from .approximation_degree import ApproximationDegree
from .approximation_degree_features import ApproximationDegreeFeatures
from .approximation_options import ApproximationOptions
from .approximation_options_method import ApproximationOptionsMethod
from .approximation_outlook import ApproximationOutlook
from .approximation_result import ApproximationResult
from .attention_request import AttentionRequest
from .attention_request_algorithm import AttentionRequestAlgorithm
from .attention_request_backend import AttentionRequestBackend
from .attention_request_mode import AttentionRequestMode
from .attention_request_precision import AttentionRequestPrecision
from .attention_request_scale_type_0 import AttentionRequestScaleType0
from .attention_request_tensors import AttentionRequestTensors
from .attention_response import AttentionResponse
from .attention_response_weights import AttentionResponseWeights
from .backend import Backend
from .backend_list import BackendList
from .backend_name import BackendName
from .backend_rates import BackendRates
from .backend_state import BackendState
from .capability import Capability
from .capability_verdict import CapabilityVerdict
from .certificate import Certificate
from .certificate_kind import CertificateKind
from .error_report_options import ErrorReportOptions
from .error_report_options_type import ErrorReportOptionsType
from .failover import Failover
from .fault import Fault
from .liveness import Liveness
from .mask import Mask
from .mask_lengths_type_1 import MaskLengthsType1
from .mask_type import MaskType
from .measured_error import MeasuredError
from .measured_error_type import MeasuredErrorType
from .mechanism import Mechanism
from .mechanism_list import MechanismList
from .mechanism_parameter import MechanismParameter
from .monomial import Monomial
from .oip_batch_statistics import OipBatchStatistics
from .oip_duration import OipDuration
from .oip_index_entry import OipIndexEntry
from .oip_infer_input import OipInferInput
from .oip_infer_input_parameters import OipInferInputParameters
from .oip_infer_output import OipInferOutput
from .oip_infer_output_parameters import OipInferOutputParameters
from .oip_infer_request import OipInferRequest
from .oip_infer_request_parameters import OipInferRequestParameters
from .oip_infer_response import OipInferResponse
from .oip_infer_response_parameters import OipInferResponseParameters
from .oip_inference_statistics import OipInferenceStatistics
from .oip_instance_group import OipInstanceGroup
from .oip_model_config import OipModelConfig
from .oip_model_list import OipModelList
from .oip_model_metadata import OipModelMetadata
from .oip_model_readiness import OipModelReadiness
from .oip_model_statistics import OipModelStatistics
from .oip_requested_output import OipRequestedOutput
from .oip_requested_output_parameters import OipRequestedOutputParameters
from .oip_response_cache import OipResponseCache
from .oip_server_metadata import OipServerMetadata
from .oip_statistics import OipStatistics
from .oip_tensor_config import OipTensorConfig
from .oip_tensor_metadata import OipTensorMetadata
from .open_api_document import OpenApiDocument
from .output_options import OutputOptions
from .output_options_dtype import OutputOptionsDtype
from .output_options_encoding import OutputOptionsEncoding
from .output_tensor import OutputTensor
from .output_tensor_dtype import OutputTensorDtype
from .plan_summary import PlanSummary
from .planned_shape import PlannedShape
from .planned_stage import PlannedStage
from .planned_work import PlannedWork
from .planned_work_verdict import PlannedWorkVerdict
from .problem import Problem
from .problem_kind import ProblemKind
from .rates import Rates
from .readiness import Readiness
from .stage_timing import StageTiming
from .statement import Statement
from .tensor import Tensor
from .tensor_dtype import TensorDtype
from .threshold import Threshold
from .timing import Timing

__all__ = (
    "Analysis",
    "AnalysisRequest",
    "AnalysisRequestAlgorithm",
    "AnalysisRequestBackend",
    "AnalysisRequestPrecision",
    "AnalysisRequestScaleType0",
    "AnalysisShape",
    "ApproximationDegree",
    "ApproximationDegreeFeatures",
    "ApproximationOptions",
    "ApproximationOptionsMethod",
    "ApproximationOutlook",
    "ApproximationResult",
    "AttentionRequest",
    "AttentionRequestAlgorithm",
    "AttentionRequestBackend",
    "AttentionRequestMode",
    "AttentionRequestPrecision",
    "AttentionRequestScaleType0",
    "AttentionRequestTensors",
    "AttentionResponse",
    "AttentionResponseWeights",
    "Backend",
    "BackendList",
    "BackendName",
    "BackendRates",
    "BackendState",
    "Capability",
    "CapabilityVerdict",
    "Certificate",
    "CertificateKind",
    "ErrorReportOptions",
    "ErrorReportOptionsType",
    "Failover",
    "Fault",
    "Liveness",
    "Mask",
    "MaskLengthsType1",
    "MaskType",
    "MeasuredError",
    "MeasuredErrorType",
    "Mechanism",
    "MechanismList",
    "MechanismParameter",
    "Monomial",
    "OipBatchStatistics",
    "OipDuration",
    "OipIndexEntry",
    "OipInferenceStatistics",
    "OipInferInput",
    "OipInferInputParameters",
    "OipInferOutput",
    "OipInferOutputParameters",
    "OipInferRequest",
    "OipInferRequestParameters",
    "OipInferResponse",
    "OipInferResponseParameters",
    "OipInstanceGroup",
    "OipModelConfig",
    "OipModelList",
    "OipModelMetadata",
    "OipModelReadiness",
    "OipModelStatistics",
    "OipRequestedOutput",
    "OipRequestedOutputParameters",
    "OipResponseCache",
    "OipServerMetadata",
    "OipStatistics",
    "OipTensorConfig",
    "OipTensorMetadata",
    "OpenApiDocument",
    "OutputOptions",
    "OutputOptionsDtype",
    "OutputOptionsEncoding",
    "OutputTensor",
    "OutputTensorDtype",
    "PlannedShape",
    "PlannedStage",
    "PlannedWork",
    "PlannedWorkVerdict",
    "PlanSummary",
    "Problem",
    "ProblemKind",
    "Rates",
    "Readiness",
    "StageTiming",
    "Statement",
    "Tensor",
    "TensorDtype",
    "Threshold",
    "Timing",
)
