// Asks a webhook as an API server does (TLS, HTTP/1.1, connections that are kept), at a fixed rate, whether or not earlier requests have
// been answered: the time of each counts from when it was due. "reviews serve" is the other side, which reads and admits.
//
//	reviews ADDRESS AUTHORITY BODIES RATE SECONDS CONNECTIONS
//	reviews serve CERTIFICATE KEY
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		serve(os.Args[2], os.Args[3])
	}
	numbers := make([]int, 3)
	for i := range numbers {
		numbers[i] = number(os.Args[4+i])
	}
	ask(os.Args[1], read(os.Args[2]), bytes.Split(bytes.TrimSpace(read(os.Args[3])), []byte("\n")), numbers[0], numbers[1], numbers[2])
}

func ask(address string, authority []byte, bodies [][]byte, rate, seconds, connections int) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	messages := make([][]byte, len(bodies))
	for i, body := range bodies {
		head := "POST /admission?timeout=3s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: %d\r\n" +
			"Accept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n%s"
		messages[i] = fmt.Appendf(nil, head, address, len(body), body)
	}
	count := rate * seconds
	// Nanoseconds from when a request was due: until it was answered, and until a connection was asked for.
	answered, late := make([]int64, count), make([]int64, count)
	queue, done := make(chan int, count), make(chan struct{}, count)
	var begun time.Time
	at := func(n int) time.Duration { return time.Duration(n) * time.Second / time.Duration(rate) }
	for range connections {
		connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"http/1.1"}})
		check(err)
		go func() {
			answers := bufio.NewReader(connection)
			for n := range queue {
				_, err := connection.Write(messages[n%len(messages)])
				check(err)
				answer, err := http.ReadResponse(answers, nil)
				check(err)
				text, err := io.ReadAll(answer.Body)
				check(err)
				if answer.StatusCode != 200 || !bytes.Contains(text, []byte(`"response":`)) {
					log.Fatalf("no answer: %d %s", answer.StatusCode, text)
				}
				answered[n] = int64(time.Since(begun) - at(n))
				done <- struct{}{}
			}
		}()
	}
	// Go's own timers are late by up to a millisecond.
	runtime.LockOSThread()
	begun = time.Now()
	for n := range count {
		for wait := at(n) - time.Since(begun); wait > 0; wait = at(n) - time.Since(begun) {
			pause := syscall.NsecToTimespec(int64(wait))
			syscall.Nanosleep(&pause, nil)
		}
		late[n] = int64(time.Since(begun) - at(n))
		queue <- n
	}
	for range count {
		<-done
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"count": count, "answered": quantiles(answered), "late": quantiles(late),
	}))
}

func quantiles(all []int64) map[string]float64 {
	slices.Sort(all)
	at := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))]) / 1e6 }
	return map[string]float64{"p50": at(0.5), "p99": at(0.99)}
}

func serve(certificate, key string) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	secured := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}})
	fmt.Fprintf(os.Stderr, "listening at https://%s/admission\n", listener.Addr())
	check(http.Serve(secured, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		var review struct{ Request struct{ UID string } }
		text, err := io.ReadAll(request.Body)
		if err == nil {
			err = json.Unmarshal(text, &review)
		}
		if err != nil {
			http.Error(answer, err.Error(), 400)
			return
		}
		answer.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(answer, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":true}}`, review.Request.UID)
	})))
}

func read(path string) []byte {
	text, err := os.ReadFile(path)
	check(err)
	return text
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
