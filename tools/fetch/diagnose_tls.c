/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose_tls.c: why TLS did not come about: certificates that are not trusted, for
 * another name, or past their end, and ports that speak no TLS.
 */
#include "fetch/inner.h"

#include <stdio.h>
#include <string.h>

#include "common/ui.h"

/* What a certificate says of itself. */
struct certificate {
	char subject[96], issuer[96], expires[48], names[160];
};

static bool has(const char *text, const char *word)
{
	return strcasestr(text, word);
}

static void take(const char *line, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	if (!*buf && !strncmp(line, name, n))
		snprintf(buf, size, "%s", line + n);
}

/* "DNS:web1, DNS:web2, IP Address:10.0.0.1" without what stands before the names. */
static void list_names(const char *line, char *buf, size_t size)
{
	static const char *const kinds[] = {"DNS:", "IP Address:"};
	size_t used = 0;

	*buf = 0;
	while (*line && used < size) {
		size_t n = strcspn(line, ",");

		for (size_t i = 0; i < 2; i++)
			if (!strncmp(line, kinds[i], strlen(kinds[i]))) {
				size_t skip = strlen(kinds[i]);

				used += (size_t)snprintf(buf + used, size - used,
					"%s%.*s", used ? ", " : "", (int)(n - skip),
					line + skip);
				break;
			}
		line += n;
		line += strspn(line, ", ");
	}
}

/*
 * Seen on a connection that ends after the handshake, on which nothing is asked. All
 * empty when it cannot be had.
 */
static void look_at_certificate(
	const struct fetch_capture *c, struct certificate *certificate)
{
	struct curl_certinfo *info = NULL;
	CURL *e = curl_easy_init();
	char names[512] = "";

	*certificate = (struct certificate){0};
	if (!e || !fetch_exchange_set(c, e, c->url))
		goto out;
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(e, CURLOPT_SSLCERT, NULL);
	curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)FETCH_CONNECT_MS);
	if (curl_easy_perform(e) || curl_easy_getinfo(e, CURLINFO_CERTINFO, &info) ||
		!info || !info->num_of_certs)
		goto out;
	for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
		take(l->data, "Subject:", certificate->subject,
			sizeof certificate->subject);
		take(l->data, "Issuer:", certificate->issuer, sizeof certificate->issuer);
		take(l->data, "Expire date:", certificate->expires,
			sizeof certificate->expires);
		take(l->data, "X509v3 Subject Alternative Name:", names, sizeof names);
	}
	list_names(names, certificate->names, sizeof certificate->names);
out:
	curl_easy_cleanup(e);
}

/* " (subject CN = x, issuer CN = y, expires …)"; "" when it was not seen. */
static char *describe(const struct certificate *x, char *buf, size_t size)
{
	if (*x->subject || *x->issuer)
		snprintf(buf, size, " (subject %s, issuer %s, expires %s)", x->subject,
			x->issuer, x->expires);
	else
		*buf = 0;
	return buf;
}

/* Trusted or not, it is not for the name that was asked. */
static bool is_for_another_name(const char *error)
{
	return has(error, "does not match") || has(error, "no alternative certificate");
}

static void not_verified(struct fetch_capture *c)
{
	struct certificate x;
	char all[320];

	look_at_certificate(c, &x);
	describe(&x, all, sizeof all);
	if (is_for_another_name(c->error))
		fetch_say(c, FETCH_CERTIFICATE,
			"the certificate is for another name than %s: for %s%s. Ask for "
			"it "
			"by a name that it has; https+insecure:// does not check",
			c->target.name,
			*x.names     ? x.names
			: *x.subject ? x.subject
				     : "none that is known",
			all);
	else if (has(c->error, "has expired"))
		fetch_say(c, FETCH_CERTIFICATE,
			"the certificate has expired, on %s%s: the server needs a new "
			"one; "
			"https+insecure:// does not check",
			*x.expires ? x.expires : "a day gone by", all);
	else if (has(c->error, "not yet valid"))
		fetch_say(c, FETCH_CERTIFICATE,
			"the certificate is not valid yet%s: is this machine's clock "
			"right? https+insecure:// does not check",
			all);
	else
		fetch_say(c, FETCH_CERTIFICATE,
			"the certificate is not trusted: %s%s. --tls_ca FILE names who "
			"signed it, https+insecure:// does not check",
			c->error, all);
}

bool fetch_diagnose_tls(struct fetch_capture *c, CURLcode code)
{
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		not_verified(c);
		return true;
	case CURLE_SSL_CONNECT_ERROR:
		if (has(c->error, "wrong version number") ||
			has(c->error, "http request") ||
			has(c->error, "packet length too long"))
			fetch_say(c, FETCH_SPEAKS_HTTP,
				"%s speaks plain HTTP: use http://", c->target.host);
		else
			fetch_say(c, FETCH_TLS,
				"no TLS with %s: %s; if it speaks plain HTTP, use "
				"http://",
				c->target.host, c->error);
		return true;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		/* TLS 1.3 tells after the handshake that it was not well. */
		if (!has(c->error, "alert"))
			return false;
		fetch_say(c, FETCH_TLS, "%s ends TLS: %s%s", c->target.host, c->error,
			has(c->error, "certificate")
				? "; it wants a certificate: -tls_cert FILE -tls_key FILE"
				: "");
		return true;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_CIPHER:
		fetch_say(c, FETCH_USAGE,
			"--tls_cert, --tls_key or --tls_ca is no good: %s", c->error);
		return true;
	default:
		return false;
	}
}
