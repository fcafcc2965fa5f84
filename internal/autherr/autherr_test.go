package autherr_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

func TestError(t *testing.T) {
	err := &autherr.Error{Kind: autherr.ErrConfig, Text: "sso: no User", Cause: io.EOF}
	wrapped := fmt.Errorf("outer: %w", err)
	if !errors.Is(wrapped, autherr.ErrConfig) || !errors.Is(wrapped, io.EOF) || errors.Is(wrapped, autherr.ErrCredentials) {
		t.Errorf("%v matches the wrong kinds", wrapped)
	}
	if got := err.Error(); got != "sso: no User: EOF" {
		t.Errorf("text %q", got)
	}
}

func TestAtStepKeepsTheInnermost(t *testing.T) {
	inner := autherr.AtStep(autherr.StepMFA, io.EOF)
	outer := autherr.AtStep(autherr.StepLogin, fmt.Errorf("more: %w", inner))
	var s *autherr.StepError
	if !errors.As(outer, &s) || s.Step != autherr.StepMFA {
		t.Errorf("%v names step %v, want mfa", outer, s)
	}
	if autherr.AtStep(autherr.StepLogin, nil) != nil {
		t.Error("nil became an error")
	}
}
