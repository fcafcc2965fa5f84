// Package ticket reads one ticket, as the service desk shows it to a customer or else as Jira shows
// it, and says whether requirements hold for it.
package ticket

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/apicall"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Ticket is a request of the service desk, or an issue.
type Ticket struct {
	Key        string     `json:"key"`
	Summary    string     `json:"summary"`
	Status     string     `json:"status"`
	Category   string     `json:"statusCategory,omitempty"` // "To Do", "In Progress", "Done"; "": a request does not tell
	Type       string     `json:"type,omitempty"`
	Resolution string     `json:"resolution,omitempty"`
	Reporter   string     `json:"reporter,omitempty"`
	URL        string     `json:"url,omitempty"` // page for people
	Approvals  []Approval `json:"approvals,omitempty"`

	document map[string]any // the whole answer
}

// Approval is a step of a request that people decide.
type Approval struct {
	Name      string   `json:"name"`
	Decision  string   `json:"decision"` // "pending", "approved", "declined"
	Approvers []string `json:"approvers,omitempty"`
}

// Reader reads tickets at one site.
type Reader struct {
	Client *http.Client // signed in
	Base   *url.URL     // of the site
}

// Read reads a ticket. The error is an ErrExchangeRefused if the user may not see it, or there is none.
func (r Reader) Read(ctx context.Context, key string) (*Ticket, error) {
	if key == "" || strings.ContainsAny(key, "/?#%&\\ ") {
		return nil, autherr.New(autherr.ErrConfig, "this is no key of a ticket", "such as HELP-1")
	}
	document, status, err := r.get(ctx, "/rest/servicedeskapi/request/"+key)
	if err != nil {
		return nil, err
	}
	if status == http.StatusOK {
		t := fromRequest(document)
		t.Approvals, err = r.approvals(ctx, key)
		return t, err
	}
	desk := status
	if document, status, err = r.get(ctx, "/rest/api/2/issue/"+key); err != nil {
		return nil, err
	}
	if status == http.StatusOK {
		return fromIssue(document), nil
	}
	return nil, refusal(key, desk, status)
}

// refusal is what the answers of the service desk and of Jira mean together.
func refusal(key string, desk, jira int) error {
	text := fmt.Sprintf("jira: %s is not shown to this user (service desk %d, Jira %d)", key, desk, jira)
	for _, status := range []int{desk, jira} {
		switch {
		case status == http.StatusTooManyRequests:
			return autherr.New(autherr.ErrRateLimited, "jira: there were too many requests", "wait")
		case status >= 500:
			return autherr.New(
				autherr.ErrUnreachable,
				fmt.Sprintf("jira: %s is not shown now (%d)", key, status),
				"try again later",
			)
		}
	}
	return autherr.New(autherr.ErrExchangeRefused, text, "check the key and the scopes of the token; "+
		"a customer sees only requests of which they are reporter, participant or approver")
}

// maxPages bounds the pages of approvals.
const maxPages = 20

// approvals reads the steps of a request. Not every service desk has them. One that does not say now
// is an error: a gate must not take that for a request without approvals.
func (r Reader) approvals(ctx context.Context, key string) (list []Approval, err error) {
	path := "/rest/servicedeskapi/request/" + key + "/approval"
	for page := range maxPages {
		query := ""
		if page > 0 {
			query = fmt.Sprintf("?start=%d", len(list))
		}
		document, status, err := r.get(ctx, path+query)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusTooManyRequests || status >= 500:
			return nil, refusal(key, status, status)
		case status != http.StatusOK && page == 0:
			return nil, nil
		case status != http.StatusOK:
			return nil, unreadApprovals(key)
		}
		values, _ := document["values"].([]any)
		for _, v := range values {
			list = append(list, newApproval(v))
		}
		if document["isLastPage"] != false {
			return list, nil
		}
		if len(values) == 0 {
			break
		}
	}
	return nil, unreadApprovals(key)
}

func unreadApprovals(key string) error {
	return autherr.New(autherr.ErrBadAnswer, "jira: not all approvals of "+key+" are shown", "try again")
}

func newApproval(v any) Approval {
	a := Approval{Name: text(v, "name"), Decision: strings.ToLower(text(v, "finalDecision"))}
	approvers, _ := at(v, "approvers").([]any)
	for _, p := range approvers {
		a.Approvers = append(a.Approvers, text(p, "approver.displayName"))
	}
	return a
}

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 4 << 20

// get makes one request; document is set if the answer is 200.
func (r Reader) get(ctx context.Context, path string) (document map[string]any, status int, err error) {
	u, err := apicall.URL(r.Base, path)
	if err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-ExperimentalApi", "opt-in") // approvals of older service desks
	resp, err := r.Client.Do(req)
	if err != nil {
		return nil, 0, apicall.UnwrapURL(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, 0, autherr.New(autherr.ErrUnreachable, "jira: the answer broke off", "try again")
	}
	if resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode, nil
	}
	if json.Unmarshal(data, &document) != nil {
		return nil, 0, autherr.New(autherr.ErrBadAnswer, "jira: the ticket is not in JSON",
			"does a gateway answer in place of Jira?")
	}
	return document, resp.StatusCode, nil
}

func fromRequest(document map[string]any) *Ticket {
	t := &Ticket{
		Key: text(document, "issueKey"), Status: text(document, "currentStatus.status"),
		Category: text(document, "currentStatus.statusCategory"), Type: text(document, "requestType.name"),
		Reporter: text(document, "reporter.displayName"), URL: text(document, "_links.web"), document: document,
	}
	t.Summary, _ = t.field("summary")
	return t
}

func fromIssue(document map[string]any) *Ticket {
	return &Ticket{
		Key: text(document, "key"), Summary: text(document, "fields.summary"), Status: text(document, "fields.status.name"),
		Category: text(document, "fields.status.statusCategory.name"), Type: text(document, "fields.issuetype.name"),
		Resolution: text(document, "fields.resolution.name"), Reporter: text(document, "fields.reporter.displayName"),
		document: document,
	}
}

// field returns the value of a request's field, by its ID or its label; false: there is none.
func (t *Ticket) field(name string) (value string, ok bool) {
	fields, _ := t.document["requestFieldValues"].([]any)
	for _, f := range fields {
		if strings.EqualFold(text(f, "fieldId"), name) || strings.EqualFold(text(f, "label"), name) {
			return scalar(at(f, "value")), true
		}
	}
	return "", false
}

// at returns what stands at a path of members, such as "currentStatus.status"; nil if nothing does.
func at(v any, path string) any {
	v, _ = lookup(v, path)
	return v
}

// lookup is at, and says whether there is such a member. One without a value may have members as soon
// as it has one. Case does not count.
func lookup(v any, path string) (value any, ok bool) {
	for name := range strings.SplitSeq(path, ".") {
		if v == nil && ok {
			return nil, true
		}
		members, isObject := v.(map[string]any)
		if !isObject {
			return nil, false
		}
		if v, ok = members[name]; ok {
			continue
		}
		for other, value := range members {
			if strings.EqualFold(other, name) {
				v, ok = value, true
			}
		}
		if !ok {
			return nil, false
		}
	}
	return v, ok
}

func text(v any, path string) string { return scalar(at(v, path)) }

// scalar is a value as people write it; that of an object is its name or value.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any:
		for _, name := range []string{"name", "value", "displayName"} {
			if s, ok := v[name].(string); ok {
				return s
			}
		}
	}
	return ""
}
