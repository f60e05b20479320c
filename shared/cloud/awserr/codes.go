package awserr

// throttles are the codes by which the services used here say "not now": the request was turned
// down before anything was done. They are the SDK's list (aws/retry, DefaultThrottleErrorCodes)
// with what SQS, SNS, Lambda and DynamoDB add by their API references, less three:
// TransactionInProgressException and PriorRequestNotComplete, after which an earlier request may
// yet take effect, and LimitExceededException, which here is a quota that waiting doesn't raise.
var throttles = []string{
	"BandwidthLimitExceeded",
	"EC2ThrottledException",
	"KMSThrottling",
	"KMSThrottlingException",
	"KmsThrottled",
	"ProvisionedThroughputExceededException",
	"RequestLimitExceeded",
	"RequestThrottled",
	"RequestThrottledException",
	"SlowDown",
	"Throttled",
	"ThrottledException",
	"Throttling",
	"ThrottlingException",
	"TooManyRequestsException",
	"TransactionConflictException",
}

// transients are the codes of failures that pass but leave open what was done. Most come with status 5xx; some
// services send them with 400.
var transients = []string{
	"ConcurrentModificationException",
	"InternalError",
	"InternalFailure",
	"InternalServerError",
	"InternalServerException",
	"InternalServiceFault",
	"PriorRequestNotComplete",
	"RequestTimeout",
	"RequestTimeoutException",
	"ServiceUnavailable",
	"ServiceUnavailableException",
	"TransactionInProgressException",
	"Unavailable",
}
