//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
)

// call is a request to Jira, for clients that know HTTP and nothing of Jira.
type call struct {
	method, path string // below the base URL
	json         string // body
	file         string // to be sent as multipart/form-data instead
}

// reply is what came back.
type reply struct {
	status    int
	body      []byte
	setCookie int
}

// plain makes the calls of a job by send.
func plain(ctx context.Context, j job, send func(context.Context, call) (reply, error)) (a answers, err error) {
	a.Failed = make(map[string]string)
	ask := func(want int, c call, v any) error {
		r, err := send(ctx, c)
		if err != nil {
			return err
		}
		a.SetCookie += r.setCookie
		if r.status != want {
			return fmt.Errorf("the answer to %s %s is %d: %.200s", c.method, c.path, r.status, r.body)
		}
		if raw, ok := v.(*[]byte); ok {
			*raw = r.body
			return nil
		}
		return json.Unmarshal(r.body, v)
	}
	for _, name := range j.Calls {
		if err := a.make(name, j, ask); err != nil {
			a.Failed[name] = err.Error()
		}
	}
	return a, nil
}

// make makes the call of that name.
func (a *answers) make(name string, j job, ask func(int, call, any) error) error {
	const api = "/rest/api/2/"
	text, _ := json.Marshal(j.Text)
	var named struct{ Name, Version, Key, ID string }
	switch name {
	case "myself":
		err := ask(200, call{method: "GET", path: api + "myself"}, &named)
		a.Myself = named.Name
		return err
	case "server":
		err := ask(200, call{method: "GET", path: api + "serverInfo"}, &named)
		a.Server = named.Version
		return err
	case "issue":
		var issue struct {
			Key    string
			Fields struct{ Summary string }
		}
		err := ask(200, call{method: "GET", path: api + "issue/HELP-1"}, &issue)
		a.Issue.Key, a.Issue.Summary = issue.Key, issue.Fields.Summary
		return err
	case "search":
		var found struct {
			Total  int
			Issues []struct{ Key string }
		}
		query := url.Values{"jql": {`project = HELP AND key = "HELP-1"`}, "maxResults": {"5"}}
		err := ask(200, call{method: "GET", path: api + "search?" + query.Encode()}, &found)
		a.Total = found.Total
		for _, i := range found.Issues {
			a.Found = append(a.Found, i.Key)
		}
		return err
	case "missing":
		var no struct{ ErrorMessages []string }
		err := ask(404, call{method: "GET", path: api + "issue/HELP-99999"}, &no)
		if len(no.ErrorMessages) == 1 {
			a.Missing = no.ErrorMessages[0]
		}
		return err
	case "create":
		err := ask(201, call{method: "POST", path: api + "issue", json: `{"fields":{"project":{"key":"HELP"},"issuetype":{"name":"Task"},"summary":` + string(text) + `}}`}, &named)
		a.Created = named.Key
		return err
	case "comment":
		err := ask(201, call{method: "POST", path: api + "issue/HELP-1/comment", json: `{"body":` + string(text) + `}`}, &named)
		a.Comment = named.ID
		return err
	case "upload":
		var files []struct {
			ID, Filename string
			Size         int
		}
		err := ask(200, call{method: "POST", path: api + "issue/HELP-1/attachments", file: j.File}, &files)
		if err == nil && len(files) == 1 {
			a.Upload = files[0]
		}
		return err
	case "download":
		var raw []byte
		err := ask(200, call{method: "GET", path: "/secure/attachment/" + a.Upload.ID + "/" + filepath.Base(j.File)}, &raw)
		sum := sha256.Sum256(raw)
		a.Download = hex.EncodeToString(sum[:])
		return err
	}
	return fmt.Errorf("no call is named so")
}
