package acceptance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("hookrig send", func() {
	var consumer *receiver

	BeforeEach(func() { consumer = newReceiver(always(200)) })

	It("signs a neostore event so that openssl agrees, with header names as the vendor writes them", func(ctx SpecContext) {
		needs("openssl")
		run(ctx, 0, "send", "neostore", "Pass:Installed", "--to", consumer.url, "--secret", "s3cret", "--seed", "7")
		Expect(consumer.all()).To(HaveLen(1))
		got := consumer.all()[0]

		file := filepath.Join(GinkgoT().TempDir(), "body")
		Expect(os.WriteFile(file, got.body, 0o600)).To(Succeed())
		out, err := exec.CommandContext(ctx, "openssl", "dgst", "-sha256", "-hmac", "s3cret", file).Output()
		Expect(err).NotTo(HaveOccurred())
		fields := strings.Fields(string(out))
		Expect(got.header("x-neostore-signature")).To(Equal(fields[len(fields)-1]))
		Expect(got.header("x-neostore-eventname")).To(Equal("Pass:Installed"))
		Expect(got.header("x-neostore-tenantid")).NotTo(BeEmpty())
		Expect(got.header("Content-Type")).To(Equal("application/json; charset=utf-8"))
		Expect(got.head).To(HavePrefix("POST /hooks HTTP/1.1\r\nHost: 127.0.0.1:"))
	})

	It("sends a subscribfy event that the vendor's PHP sample accepts, in the bytes of PHP's json_encode", func(ctx SpecContext) {
		needs("php")
		run(ctx, 0, "send", "subscribfy", "wallet_pass/created", "--to", consumer.url, "--secret", "token", "--seed", "7")
		got := consumer.all()[0]
		php := func(code string) string {
			GinkgoHelper()
			cmd := exec.CommandContext(ctx, "php", "-d", "display_errors=stderr", "-r", code, "--", got.header("Signature"), "token")
			cmd.Stdin = strings.NewReader(string(got.body))
			out, err := cmd.Output()
			Expect(err).NotTo(HaveOccurred())
			return string(out)
		}
		// The sample of the vendor's guide, with standard input in the place of php://input.
		sample := `
			$payload = file_get_contents('php://stdin');
			$signature = $argv[1] ?? '';
			$expected = hash_hmac('sha256', $payload, $argv[2]);
			if (!hash_equals($expected, $signature)) { exit('Invalid signature'); }
			echo 'accepted';`
		Expect(php(sample)).To(Equal("accepted"))
		Expect(php(`echo json_encode(json_decode(file_get_contents('php://stdin')));`)).To(Equal(string(got.body)))
		Expect(string(got.body)).To(HavePrefix(`{"topic":"wallet_pass\/created","data":{"pass_instance":{`))
		Expect(got.header("x-subscribfy-triggered-at")).To(MatchRegexp(`^\d{10}$`))
		Expect(got.header("x-subscribfy-shop-domain")).To(HaveSuffix(".myshopify.com"))
	})

	It("carries ethpass's Authorization value verbatim, and no such line without a secret", func(ctx SpecContext) {
		run(ctx, 0, "send", "ethpass", "pass:expire", "--to", consumer.url, "--secret", "Bearer  a b=/+ c", "--seed", "7")
		run(ctx, 0, "send", "ethpass", "pass:expire", "--to", consumer.url, "--seed", "7")
		Expect(consumer.all()).To(HaveLen(2))
		Expect(consumer.all()[0].header("Authorization")).To(Equal("Bearer  a b=/+ c"))
		Expect(consumer.all()[1].head).NotTo(ContainSubstring("Authorization"))
		Expect(consumer.all()[1].body).To(Equal(consumer.all()[0].body), "the same seed gives the same bytes")
	})

	It("prints the delivery as JSON", func(ctx SpecContext) {
		out := run(ctx, 0, "send", "neostore", "Customer:Upserted", "--to", consumer.url, "--secret", "s", "--seed", "7", "--json")
		var delivery struct {
			ID    string
			State string
			Event struct{ ID, Name string }

			Attempts []struct {
				N       int
				Outcome string
				Status  int
				Sent    struct {
					Method, Target, Version string
					Headers                 [][2]string
					Body                    []byte
				}
			}
		}
		Expect(json.Unmarshal([]byte(out), &delivery)).To(Succeed())
		Expect(delivery.State).To(Equal("delivered"))
		Expect(delivery.Event.Name).To(Equal("Customer:Upserted"))
		Expect(delivery.Attempts).To(HaveLen(1))
		attempt := delivery.Attempts[0]
		Expect(attempt.Outcome).To(Equal("status"))
		Expect(attempt.Status).To(Equal(200))
		Expect(attempt.Sent.Body).To(Equal(consumer.all()[0].body))
		Expect(attempt.Sent.Headers).To(ContainElement(HaveExactElements("x-neostore-eventname", "Customer:Upserted")))
	})

	DescribeTable("does one thing wrong on purpose",
		func(ctx SpecContext, fault string, check func(good, bad received)) {
			run(ctx, 0, "send", "neostore", "Pass:Created", "--to", consumer.url, "--secret", "s", "--seed", "7")
			run(ctx, 0, "send", "neostore", "Pass:Created", "--to", consumer.url, "--secret", "s", "--seed", "7", "--fault", fault)
			Expect(len(consumer.all())).To(BeNumerically(">=", 2))
			check(consumer.all()[0], consumer.all()[1])
		},
		Entry("signature:missing", "signature:missing", func(good, bad received) {
			Expect(bad.head).NotTo(ContainSubstring("x-neostore-signature"))
			Expect(bad.body).To(Equal(good.body))
		}),
		Entry("signature:wrong_secret", "signature:wrong_secret", func(good, bad received) {
			Expect(bad.header("x-neostore-signature")).To(MatchRegexp("^[0-9a-f]{64}$"))
			Expect(bad.header("x-neostore-signature")).NotTo(Equal(good.header("x-neostore-signature")))
			Expect(bad.body).To(Equal(good.body))
		}),
		Entry("body:tamper", "body:tamper", func(good, bad received) {
			Expect(bad.header("x-neostore-signature")).To(Equal(good.header("x-neostore-signature")))
			Expect(bad.body).NotTo(Equal(good.body))
			Expect(bad.body).To(HaveLen(len(good.body)))
		}),
		Entry("duplicate", "duplicate", func(good, bad received) {
			Expect(consumer.all()).To(HaveLen(3))
			Expect(consumer.all()[1]).To(Equal(consumer.all()[2]))
			Expect(bad.body).To(Equal(good.body))
		}),
	)

	It("exits 1 when the consumer refuses, 2 on a wrong name with the nearest one", func(ctx SpecContext) {
		refusing := newReceiver(always(500))
		out := run(ctx, 1, "send", "neostore", "Pass:Created", "--to", refusing.url, "--secret", "s")
		Expect(out).To(ContainSubstring("500"))

		session := hookrig("send", "neostore", "Pass:Instaled", "--to", refusing.url)
		Expect(session.Wait("20s").ExitCode()).To(Equal(2))
		Expect(string(session.Err.Contents())).To(And(ContainSubstring(`"Pass:Instaled"`), ContainSubstring("Pass:Installed")))
	})

	It("reports a redirect, which it does not follow, and a timeout", func(ctx SpecContext) {
		elsewhere := newReceiver(always(200))
		redirecting := newReceiver(func(int, received) string {
			return "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url + "\r\nContent-Length: 0\r\n\r\n"
		})
		run(ctx, 1, "send", "neostore", "Pass:Created", "--to", redirecting.url, "--secret", "s")
		Expect(redirecting.all()).To(HaveLen(1))
		Expect(elsewhere.all()).To(BeEmpty())

		silent := newReceiver(func(int, received) string { return "" })
		out := run(ctx, 1, "send", "neostore", "Pass:Created", "--to", silent.url, "--secret", "s", "--timeout", "300ms", "--json")
		Expect(out).To(ContainSubstring(`"outcome": "no_reply"`))
	})
})
