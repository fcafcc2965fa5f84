package flow

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// MailLink is a responder whose challenge may be met by opening the link of a mail.
type MailLink[T any] interface {
	Linked() bool
	// Await asks whether the link was opened until it was, or the challenge is over, or
	// answered is closed, or ctx ends; it returns nil and nil for the latter two, and
	// when asking leads nowhere: a code may still do.
	Await(ctx context.Context, answered <-chan struct{}) (*T, error)
}

// pollGrace is how long a poll that is under way may take once there is a code.
const pollGrace = 3 * time.Second

// askBeside asks a for the code while the link is waited for, and takes the question
// back when that was opened, or when the challenge is over. It returns when both have
// ended, so an Answerer must heed its context.
func askBeside[T any](ctx context.Context, a mfa.Answerer, ch mfa.Challenge, d MailLink[T]) (
	answer string, met *T, err, over error,
) {
	question, takeBack := context.WithCancel(ctx)
	defer takeBack()
	polls, stopPolls := context.WithCancel(ctx)
	defer stopPolls()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		answer, err = a.Answer(question, ch)
		time.AfterFunc(pollGrace, stopPolls)
	}()
	met, over = d.Await(polls, answered)
	if met != nil || over != nil {
		takeBack()
	}
	<-answered
	return answer, met, err, over
}
