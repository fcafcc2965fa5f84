package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// read reads a body. With an error the Answer holds what came of it.
func (c *Client) read(ctx context.Context, r Request, resp *http.Response, on *connTrace) (_ *Response, kind, err error) {
	limit := r.Limit
	if limit <= 0 {
		limit = MaxBody
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	a := &Response{URL: r.URL, Status: resp.StatusCode, Header: resp.Header, Body: body[:min(int64(len(body)), limit)]}
	if err != nil {
		return a, autherr.ErrUnreachable, fmt.Errorf("reading the answer (status %d): %w", resp.StatusCode, endedBy(ctx, err))
	}
	if int64(len(body)) <= limit {
		body, err = unpack(resp.Header, body, limit)
	}
	if err != nil || int64(len(body)) > limit {
		return a, autherr.ErrBadAnswer, fmt.Errorf("answer (status %d) is larger than %d bytes", resp.StatusCode, limit)
	}
	a.Body = body
	if err := on.complete(resp); err != nil && a.Location() == nil { // a redirect is all in its head
		return a, autherr.ErrUnreachable, fmt.Errorf("reading the answer (status %d): %w", resp.StatusCode, err)
	}
	return a, nil, nil
}

// Refusal returns the beginning of an answer of status 4xx that could not be read to its
// end, nil if err is something else. A secret that is refused there is refused, whatever
// would have come after.
func Refusal(err error) *Response {
	var e *Error
	if errors.As(err, &e) {
		return e.part
	}
	return nil
}
