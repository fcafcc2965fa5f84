package apicall

import (
	"encoding/json"
	"net/url"
	"strconv"
)

// page is what a list says of itself, in the words of Jira's, JSM's, Bitbucket's and Confluence's
// interfaces.
type page struct {
	StartAt       *int    `json:"startAt"`
	MaxResults    int     `json:"maxResults"`
	Total         *int    `json:"total"`
	IsLast        *bool   `json:"isLast"`
	NextPageToken *string `json:"nextPageToken"`

	Start         *int  `json:"start"`
	Limit         int   `json:"limit"`
	IsLastPage    *bool `json:"isLastPage"`
	NextPageStart *int  `json:"nextPageStart"`
	Links         struct {
		Next string `json:"next"`
	} `json:"_links"`
}

// NextPage returns the address of the page after the one that was the answer to a GET of u; nil if
// there is none, or if the answer is no page of a list.
func NextPage(u *url.URL, answer []byte) *url.URL {
	var p page
	if json.Unmarshal(answer, &p) != nil {
		return nil
	}
	last := func(b *bool) bool { return b != nil && *b }
	switch {
	case last(p.IsLast) || last(p.IsLastPage):
		return nil
	case p.NextPageToken != nil && *p.NextPageToken != "":
		return with(u, "nextPageToken", *p.NextPageToken)
	case p.NextPageStart != nil && p.Start != nil && *p.NextPageStart > *p.Start:
		return with(u, "start", strconv.Itoa(*p.NextPageStart))
	case p.Start != nil && p.Limit > 0 && (p.IsLastPage != nil || p.Links.Next != ""):
		return with(u, "start", strconv.Itoa(*p.Start+p.Limit))
	case p.StartAt != nil && p.MaxResults > 0 && *p.StartAt >= 0:
		next := *p.StartAt + p.MaxResults
		if p.Total != nil && next >= *p.Total || p.Total == nil && p.IsLast == nil {
			return nil
		}
		return with(u, "startAt", strconv.Itoa(next))
	}
	return nil
}

// with returns u with one parameter of its query set. The others keep their values, and may be
// written in another way.
func with(u *url.URL, name, value string) *url.URL {
	next := *u
	query := next.Query()
	if query.Get(name) == value {
		return nil // it would be the same page again
	}
	query.Set(name, value)
	next.RawQuery = query.Encode()
	return &next
}
