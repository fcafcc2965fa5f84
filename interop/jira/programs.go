//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// byCurl has curl make the calls: with --config FILE, or with the token as a password.
// Of what writes need it sets nothing: that is in the file, or is added by the proxy.
func (t *tools) byCurl(ctx context.Context, j job) (answers, error) {
	return plain(ctx, j, func(ctx context.Context, c call) (reply, error) {
		args := []string{"-X", c.method, j.Base + c.path}
		switch {
		case j.Token != "":
			args = append(args, "-u", "bot:"+j.Token, "-b", j.OwnCookie)
		default:
			args = append(args, "--cacert", t.ca, "--config", j.CookieFile)
		}
		switch {
		case c.json != "":
			args = append(args, "-H", "Content-Type: application/json", "-d", c.json)
		case c.file != "":
			args = append(args, "-F", "file=@"+c.file)
		}
		r, err := t.curl(ctx, args...)
		if j.Token == "" {
			r.setCookie = 0 // Jira may give what it likes
		}
		return r, err
	})
}

// curl runs curl, which resolves names below localhost by itself.
func (t *tools) curl(ctx context.Context, args ...string) (r reply, err error) {
	const mark = "\n--status "
	args = append([]string{"-sS", "--compressed", "--noproxy", "*", "--max-time", "20", "-w", mark + "%{http_code} %header{set-cookie}"}, args...)
	res, err := t.cli.Execute(ctx, "", "curl", args...)
	if err == nil {
		err = res.Err()
	}
	if err != nil {
		return r, fmt.Errorf("curl: %w", err)
	}
	end := strings.LastIndex(res.Stdout, mark)
	if end < 0 {
		return r, errors.New("curl said no status")
	}
	status, cookies, _ := strings.Cut(res.Stdout[end+len(mark):], " ")
	r.status, err = strconv.Atoi(status)
	r.body = []byte(res.Stdout[:end])
	if cookies != "" {
		r.setCookie = 1
	}
	return r, err
}

// byWget has wget make the calls. By itself it sends a password only when it was asked
// for one; an upload should not have to be sent twice for that.
func (t *tools) byWget(ctx context.Context, j job) (answers, error) {
	return plain(ctx, j, func(ctx context.Context, c call) (r reply, err error) {
		args := []string{"-nv", "-S", "-O", "-", "--tries=1", "--timeout=20", "--no-hsts", "--content-on-error"}
		if j.Token != "" {
			args = append(args, "--user=bot", "--password="+j.Token)
		} else {
			args = append(args, "--ca-certificate="+t.ca, "--load-cookies="+j.CookieFile)
		}
		switch {
		case c.json != "":
			args = append(args, "--header=Content-Type: application/json", "--post-data="+c.json)
		case c.file != "":
			kind, body, err := form(c.file)
			if err != nil {
				return r, err
			}
			file := c.file + ".form"
			if err := os.WriteFile(file, body, 0o600); err != nil {
				return r, err
			}
			defer os.Remove(file)
			args = append(args, "--auth-no-challenge", "--header=Content-Type: "+kind, "--post-file="+file)
			if j.Token == "" {
				args = append(args, "--header=X-Atlassian-Token: no-check")
			}
		}
		res, err := t.cli.Execute(ctx, "", "wget", append(args, j.Base+c.path)...)
		if err != nil {
			return r, err
		}
		lines := wgetStatus.FindAllStringSubmatch(res.Stderr, -1)
		if len(lines) == 0 {
			return r, fmt.Errorf("wget: %w", res.Err())
		}
		r.status, err = strconv.Atoi(lines[len(lines)-1][1])
		r.body = []byte(res.Stdout)
		if j.Token != "" {
			r.setCookie = strings.Count(res.Stderr, "Set-Cookie:")
		}
		return r, err
	})
}

var wgetStatus = regexp.MustCompile(`(?m)^\s*HTTP/1\.[01] (\d{3})`)

// form makes a multipart/form-data body of a file.
func form(file string) (contentType string, body []byte, err error) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	part, err := w.CreateFormFile("file", filepath.Base(file))
	if err != nil {
		return "", nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if _, err := io.Copy(part, f); err != nil {
		return "", nil, err
	}
	err = w.Close() // which writes the last boundary
	return w.FormDataContentType(), out.Bytes(), err
}
