//go:build !unix

package main

import "os/exec"

func forbidCores() {}

func startWithCores(cmd *exec.Cmd) error { return cmd.Start() }
