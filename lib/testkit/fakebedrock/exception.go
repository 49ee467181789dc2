package fakebedrock

import "fmt"

// Exception is an error of the service.
type Exception struct {
	Type    string // such as ValidationException
	Message string
	Status  int // that of the type where it is zero
}

// Error implements error.
func (e *Exception) Error() string { return e.Type + ": " + e.Message }

// statuses of the exceptions (the service's model in botocore 1.44.8).
var statuses = map[string]int{
	"AccessDeniedException": 403, "ConflictException": 400, "InternalServerException": 500, "ModelErrorException": 424,
	"ModelNotReadyException": 429, "ModelStreamErrorException": 424, "ModelTimeoutException": 408,
	"ResourceNotFoundException": 404, "ServiceQuotaExceededException": 400, "ServiceUnavailableException": 503,
	"ThrottlingException": 429, "ValidationException": 400, "UnrecognizedClientException": 403, "MissingAuthenticationTokenException": 403,
}

func (e *Exception) status() int {
	switch {
	case e.Status != 0:
		return e.Status
	case statuses[e.Type] != 0:
		return statuses[e.Type]
	}
	return 400
}

// invalid is a refusal of a request.
func invalid(format string, args ...any) *Exception {
	return &Exception{Type: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// byModel is a refusal that comes from the model behind the service.
func byModel(format string, args ...any) *Exception {
	return invalid("The model returned the following errors: "+format, args...)
}
