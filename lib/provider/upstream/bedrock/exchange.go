package bedrock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// exchange is one request and its answer on their way through the SDK.
type exchange struct {
	http      *http.Client
	body      []byte
	header    http.Header // of the operation, such as X-Amzn-Bedrock-Service-Tier; others stay behind
	userAgent string

	response *http.Response // the raw answer
}

// call runs the operation that a path names.
func (x *exchange) call(ctx context.Context, c *bedrockruntime.Client, model, path string, stream bool) error {
	id := aws.String(model)
	var err error
	switch {
	case path == PathConverse:
		_, err = c.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: id}, x.with(&bedrockruntime.ConverseOutput{}))
	case path == PathStream:
		_, err = c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: id}, x.with(&bedrockruntime.ConverseStreamOutput{}))
	case path == PathInvoke && stream:
		_, err = c.InvokeModelWithResponseStream(ctx, &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: id}, x.with(&bedrockruntime.InvokeModelWithResponseStreamOutput{}))
	case path == PathInvoke:
		_, err = c.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: id}, x.with(&bedrockruntime.InvokeModelOutput{}))
	case path == PathCount:
		_, err = c.CountTokens(ctx, &bedrockruntime.CountTokensInput{ModelId: id}, x.with(&bedrockruntime.CountTokensOutput{}))
	default:
		return &sendError{fmt.Errorf("no operation of Bedrock has the path %q", path)}
	}
	if err == nil && x.response == nil {
		return &sendError{errors.New("the SDK returned no answer")}
	}
	return err
}

// with returns the options of one operation, whose result is result.
func (x *exchange) with(result any) func(*bedrockruntime.Options) {
	return func(o *bedrockruntime.Options) {
		o.HTTPClient = x
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return x.carry(s, result) })
	}
}

// carry makes an operation carry bytes: our body takes the place of the one
// that the serializer writes, and the raw answer is taken where the
// deserializers would read it. Validation goes, because it looks at the SDK's
// structs, which are empty but for the model's id.
func (x *exchange) carry(s *middleware.Stack, result any) error {
	if _, err := s.Initialize.Remove("OperationInputValidation"); err != nil {
		return err
	}
	if err := s.Serialize.Insert(middleware.SerializeMiddlewareFunc("WeirBody", x.serialize), "OperationSerializer", middleware.After); err != nil {
		return err
	}
	if _, ok := s.Deserialize.Get("OperationEventStreamDeserializer"); ok {
		if _, err := s.Deserialize.Remove("OperationEventStreamDeserializer"); err != nil {
			return err
		}
	}
	_, err := s.Deserialize.Swap("OperationDeserializer", middleware.DeserializeMiddlewareFunc("WeirAnswer",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if err != nil {
				return out, metadata, err
			}
			resp, ok := out.RawResponse.(*smithyhttp.Response)
			if !ok {
				return out, metadata, fmt.Errorf("an answer of type %T", out.RawResponse)
			}
			x.response, out.Result = resp.Response, result
			return out, metadata, nil
		}))
	return err
}

// serialize puts our body and headers into the request that the SDK has made,
// before it is signed.
func (x *exchange) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("a request of type %T", in.Request)
	}
	req, err := req.SetStream(bytes.NewReader(x.body))
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	req.ContentLength = int64(len(x.body))
	req.Header.Set("Content-Type", "application/json")
	for name, values := range x.header {
		if strings.HasPrefix(name, "X-Amzn-Bedrock-") {
			req.Header[name] = values
		}
	}
	in.Request = req
	return next.HandleSerialize(ctx, in)
}
