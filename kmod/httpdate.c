// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dates as HTTP writes them: "Fri, 20 Nov 2026 09:59:44 GMT"; two older formats
 * are understood, too, as RFC 9110 wants it. Arithmetic in the proleptic Gregorian
 * calendar, whose 400-year era has 146097 days; years begin in March there, so that
 * a leap day is the last of its year.
 */
#include <linux/math64.h>
#include "head.h"
#include "text.h"

#define KF_ASCTIME_LEN	24	/* "Fri Nov 20 09:59:44 2026" */
#define KF_RFC850_LEN	24	/* ", 20-Nov-26 09:59:44 GMT", behind the day's name */
#define KF_DAY_SECONDS	86400
#define KF_ERA_DAYS	146097
#define KF_EPOCH_DAYS	719468	/* from 0000-03-01 to 1970-01-01 */
#define KF_DATE_LAST	253402300799LL	/* the end of 9999 */

static const char kf_wday[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
static const char kf_month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static void kf_two_digits(char *p, u32 n)
{
	p[0] = '0' + n / 10;
	p[1] = '0' + n % 10;
}

void kf_date_write(char *buf, s64 sec)
{
	u32 days, rest, era, doe, yoe, doy, mp, month, year;

	if (sec < 0 || sec > KF_DATE_LAST)
		sec = 0;
	days = div_u64_rem(sec, KF_DAY_SECONDS, &rest);

	era = (days + KF_EPOCH_DAYS) / KF_ERA_DAYS;
	doe = (days + KF_EPOCH_DAYS) % KF_ERA_DAYS;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;			/* 0 is March */
	month = mp < 10 ? mp + 2 : mp - 10;		/* 0 is January */
	year = yoe + era * 400 + (month < 2);

	memcpy(buf, kf_wday[days % 7], 3);
	memcpy(buf + 3, ", ", 2);
	kf_two_digits(buf + 5, doy - (153 * mp + 2) / 5 + 1);
	buf[7] = ' ';
	memcpy(buf + 8, kf_month[month], 3);
	buf[11] = ' ';
	kf_two_digits(buf + 12, year / 100);
	kf_two_digits(buf + 14, year % 100);
	buf[16] = ' ';
	kf_two_digits(buf + 17, rest / 3600);
	buf[19] = ':';
	kf_two_digits(buf + 20, rest / 60 % 60);
	buf[22] = ':';
	kf_two_digits(buf + 23, rest % 60);
	memcpy(buf + 25, " GMT", 4);
}

/* @n digits as a number, or a number that is too large for any field. */
static u32 kf_digits(const char *p, u32 n)
{
	u32 value = 0;

	while (n--) {
		if (*p < '0' || *p > '9')
			return U32_MAX;
		value = value * 10 + (*p++ - '0');
	}
	return value;
}

static u32 kf_month_days(u32 month, u32 year)
{
	static const u8 days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	return days[month] + (month == 1 && leap);
}

/* A name from a table of three-letter names: its index, or @n. */
static u32 kf_name_index(const char *p, const char (*names)[4], u32 n)
{
	u32 i;

	for (i = 0; i < n && memcmp(p, names[i], 3); i++)
		;
	return i;
}

/* Does @p look like @shape, of as many characters? A '.' may be anything. */
static bool kf_has_shape(const char *p, const char *shape)
{
	for (; *shape; shape++, p++)
		if (*shape != '.' && *shape != *p)
			return false;
	return true;
}

/* What stands in front of the comma of RFC 850's dates: how long it is, 0 if odd. */
static u32 kf_weekday_len(const struct kf_str *s)
{
	static const char * const names[7] = { "Thursday", "Friday", "Saturday", "Sunday",
					       "Monday", "Tuesday", "Wednesday" };
	u32 i, len;

	for (i = 0; i < 7; i++) {
		len = strlen(names[i]);
		if (s->len > len && !memcmp(s->p, names[i], len))
			return len;
	}
	return 0;
}

/* Where in the text each part is, the time at @time; @year has two or four digits. */
struct kf_date_parts {
	const char *day, *month, *year, *time;
	u32 year_digits;
};

static bool kf_date_find(const struct kf_str *s, struct kf_date_parts *d)
{
	const char *p = s->p;
	u32 len;

	d->year_digits = 4;
	if (s->len == KF_DATE_LEN && kf_has_shape(p, "..., .. ... .... ..:..:.. GMT")) {
		d->day = p + 5;
		d->month = p + 8;
		d->year = p + 12;
		d->time = p + 17;
		return kf_name_index(p, kf_wday, 7) < 7;
	}
	if (s->len == KF_ASCTIME_LEN && kf_has_shape(p, "... ... .. ..:..:.. ....")) {
		d->day = p + 8;
		d->month = p + 4;
		d->year = p + 20;
		d->time = p + 11;
		return kf_name_index(p, kf_wday, 7) < 7;
	}
	len = kf_weekday_len(s);
	if (!len || s->len != len + KF_RFC850_LEN ||
	    !kf_has_shape(p + len, ", ..-...-.. ..:..:.. GMT"))
		return false;
	d->day = p + len + 2;
	d->month = p + len + 5;
	d->year = p + len + 9;
	d->time = p + len + 12;
	d->year_digits = 2;
	return true;
}

bool kf_date_parse(const struct kf_str *s, s64 *sec)
{
	u32 day, month, year, hour, minute, second, y, era, doy;
	struct kf_date_parts d;

	if (!kf_date_find(s, &d))
		return false;
	month = kf_name_index(d.month, kf_month, 12);
	/* asctime() has a blank where the others have a zero */
	day = s->len == KF_ASCTIME_LEN && *d.day == ' ' ? kf_digits(d.day + 1, 1) :
							   kf_digits(d.day, 2);
	year = kf_digits(d.year, d.year_digits);
	if (d.year_digits == 2 && year < 100)
		year += year < 70 ? 2000 : 1900;
	hour = kf_digits(d.time, 2);
	minute = kf_digits(d.time + 3, 2);
	second = kf_digits(d.time + 6, 2);
	if (month == 12 || year < 1970 || year > 9999 || day < 1 ||
	    day > kf_month_days(month, year) || hour > 23 || minute > 59 || second > 59)
		return false;

	y = month < 2 ? year - 1 : year;
	era = y / 400;
	y %= 400;
	doy = (153 * (month < 2 ? month + 10 : month - 2) + 2) / 5 + day - 1;
	*sec = ((s64)era * KF_ERA_DAYS + y * 365 + y / 4 - y / 100 + doy - KF_EPOCH_DAYS) *
	       KF_DAY_SECONDS + hour * 3600 + minute * 60 + second;
	return true;
}
