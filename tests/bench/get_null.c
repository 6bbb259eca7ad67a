/* SPDX-License-Identifier: Apache-2.0 */
/* get_null: URL FILE. The least that a client of libcurl can do: what cpget is measured by. */
#include <stdio.h>

#include <curl/curl.h>

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[2], "w") : NULL;
	CURL *easy = file ? curl_easy_init() : NULL;
	CURLcode code = CURLE_FAILED_INIT;

	if (easy) {
		curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, file);
		code = curl_easy_perform(easy);
		curl_easy_cleanup(easy);
	}
	if (file && fclose(file))
		code = CURLE_WRITE_ERROR;
	return code != CURLE_OK;
}
