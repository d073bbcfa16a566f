// The requests of kubelet's HTTP probe, by Go's own client: what it says of a failure is what kubelet logs.
// Usage: goclient TIMEOUT URL. Prints "failure", "errored" or "success", and the words behind a blank.
//
// After Kubernetes pkg/probe/http: no keep-alive, no proxy, no compression, ten kilobytes of the body.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	timeout, err := time.ParseDuration(os.Args[1])
	if err != nil {
		panic(err)
	}
	client := http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
	}
	response, err := client.Get(os.Args[2])
	if err != nil {
		fmt.Printf("failure %v\n", err)
		return
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(io.LimitReader(response.Body, 10<<10)); err != nil {
		fmt.Printf("errored %v\n", err)
		return
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		fmt.Printf("failure HTTP probe failed with statuscode: %d\n", response.StatusCode)
		return
	}
	fmt.Println("success")
}
