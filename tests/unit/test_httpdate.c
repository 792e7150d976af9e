// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>
#include "unit.h"

/* One of the older formats, in a buffer of just its size. */
static void check_as(const struct tm *tm, const char *format, s64 sec)
{
	char text[64], *copy;
	struct kf_str s;
	s64 back;

	s.len = strftime(text, sizeof(text), format, tm);
	copy = exact(text, s.len);
	s.p = copy;
	if (!kf_date_parse(&s, &back) || back != sec)
		fail_msg("%s", text);
	free(copy);
}

static void check(s64 sec)
{
	char want[KF_DATE_LEN + 1], got[KF_DATE_LEN];
	struct kf_str s = { got, KF_DATE_LEN };
	time_t t = sec;
	struct tm tm;
	s64 back;

	gmtime_r(&t, &tm);
	assert_int_equal(strftime(want, sizeof(want),
				  "%a, %d %b %Y %H:%M:%S GMT", &tm),
			 KF_DATE_LEN);
	kf_date_write(got, sec);
	if (memcmp(got, want, KF_DATE_LEN))
		fail_msg("%lld: %.29s, not %s", (long long)sec, got, want);
	assert_true(kf_date_parse(&s, &back));
	assert_true(back == sec);
	check_as(&tm, "%a %b %e %H:%M:%S %Y", sec);
	if (tm.tm_year >= 70 && tm.tm_year < 170)
		check_as(&tm, "%A, %d-%b-%y %H:%M:%S GMT", sec);
}

/* Every day of 8030 years, against the C library. */
static void kf_date__every_day(void **state)
{
	s64 day;

	(void)state;
	for (day = 0; day < 253402300800LL / 86400; day++)
		check(day * 86400 + day % 86400);
}

static void kf_date__seconds_of_some_days(void **state)
{
	static const s64 days[] = { 0,	   58,	  59,	 60,	10957,	11016,
				    11017, 19723, 19782, 20777, 2932896 };
	size_t i;
	s64 sec;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(days); i++)
		for (sec = 0; sec < 86400; sec += sec < 120 || sec > 86280 ? 1 : 59)
			check(days[i] * 86400 + sec);
}

static void kf_date_write__out_of_range(void **state)
{
	char got[KF_DATE_LEN];

	(void)state;
	kf_date_write(got, -1);
	assert_memory_equal(got, "Thu, 01 Jan 1970 00:00:00 GMT", KF_DATE_LEN);
	kf_date_write(got, 253402300800LL);
	assert_memory_equal(got, "Thu, 01 Jan 1970 00:00:00 GMT", KF_DATE_LEN);
	kf_date_write(got, INT64_MAX);
	kf_date_write(got, INT64_MIN);
}

static void kf_date_parse__odd(void **state)
{
	static const char * const odd[] = {
		"",
		"x",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GM",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 UTC",
		"Sunday, 06-Nov-94 08:49:37 GMT ",
		"Sunday, 06-Nov-94 08:49:37",
		"Sunday,  6-Nov-94 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT",
		"Sunday, 06-nov-94 08:49:37 GMT",
		"Sunday, 31-Nov-94 08:49:37 GMT",
		"Sunday, 29-Feb-94 08:49:37 GMT",
		"Sunday, 06-Nov-94 24:49:37 GMT",
		"Sunday, 06-Nov-9x 08:49:37 GMT",
		"Sunday, 06-Nov-x4 08:49:37 GMT",
		"sunday, 06-Nov-94 08:49:37 GMT",
		"Sunda, 06-Nov-94 08:49:37 GMT",
		"Sundays, 06-Nov-94 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday",
		"Wednesday",
		", 06-Nov-94 08:49:37 GMT",
		"Sun Nov 06 08:49:37 1994 ",
		"Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT",
		"Sun Nov   6 08:49:37 1994",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov 6  08:49:37 1994",
		"Sun Nov  0 08:49:37 1994",
		"Sun Nov 00 08:49:37 1994",
		"Sun Nov 31 08:49:37 1994",
		"Sun Nov  x 08:49:37 1994",
		"Sun Nov x6 08:49:37 1994",
		"Sun nov  6 08:49:37 1994",
		"sun Nov  6 08:49:37 1994",
		"Sun, Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:60 1994",
		"Sun Nov  6 08:49:37 1969",
		"Sun Nov  6 08:49:37 199x",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"Sun,  6 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1994 08:49:37 GMT",
		"Sun, 29 Feb 2100 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:60 GMT",
		"Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, 06 Nov 0094 08:49:37 GMT",
		"Sun, 06 Nov 19x4 08:49:37 GMT",
		"Sun, 06 Nov 1994 -8:49:37 GMT",
		"Sun, 06 Nov 1994 08-49-37 GMT",
		"Sun. 06 Nov 1994 08:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun, /6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:3: GMT",
		"\xff, 06 Nov 1994 08:49:37 GMT..",
	};
	size_t i;
	s64 sec;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		size_t len = strlen(odd[i]);
		char *copy = exact(odd[i], len);
		struct kf_str s = { copy, len };

		if (kf_date_parse(&s, &sec))
			fail_msg("%s", odd[i]);
		free(len ? copy : copy - 1);
	}
}

/* The day of the week is not checked against the date: Apache does not, either. */
static void kf_date_parse__wrong_weekday(void **state)
{
	static const char * const right[] = {
		"Mon, 06 Nov 1994 08:49:37 GMT",
		"Monday, 06-Nov-94 08:49:37 GMT",
		"Wednesday, 06-Nov-94 08:49:37 GMT",
		"Mon Nov  6 08:49:37 1994",
		"Mon Nov 06 08:49:37 1994",
	};
	size_t i;
	s64 sec;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(right); i++) {
		struct kf_str s = STR(right[i]);

		assert_true(kf_date_parse(&s, &sec));
		assert_int_equal(sec, 784111777);
	}
}

/* As apr has it: a window that does not move. (RFC 9110: never more than 50 years ahead.) */
static void kf_date_parse__two_digit_years(void **state)
{
	static const struct {
		const char *text;
		s64 sec;
	} cases[] = {
		{ "Thursday, 01-Jan-70 00:00:00 GMT", 0 },
		{ "Friday, 31-Dec-99 23:59:59 GMT", 946684799 },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", 946684800 },
		{ "Tuesday, 29-Feb-00 00:00:00 GMT", 951782400 },
		{ "Tuesday, 31-Dec-69 23:59:59 GMT", 3155759999LL },
	};
	size_t i;
	s64 sec;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_str s = STR(cases[i].text);

		assert_true(kf_date_parse(&s, &sec));
		assert_true(sec == cases[i].sec);
	}
}

KF_GROUP(httpdate,
	 cmocka_unit_test(kf_date__every_day),
	 cmocka_unit_test(kf_date__seconds_of_some_days),
	 cmocka_unit_test(kf_date_write__out_of_range),
	 cmocka_unit_test(kf_date_parse__odd),
	 cmocka_unit_test(kf_date_parse__wrong_weekday),
	 cmocka_unit_test(kf_date_parse__two_digit_years));
