/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: demangle. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "object/demangle.h"

struct row {
	const char *name, *full, *templates, *simple, *perf;
};

/* NULL: as it is. The full texts are c++filt's (without clone suffixes). */
static const struct row rows[] = {
	{"main", NULL, NULL, NULL, NULL},
	{"foo.constprop.0", NULL, NULL, NULL, NULL},
	{"_Z", NULL, NULL, NULL, NULL},
	{"_Zgarbage", NULL, NULL, NULL, NULL},
	{"_ZN3foo3barEi", "foo::bar(int)", "foo::bar", "foo::bar", "foo::bar"},
	{"__ZN3foo3barEi", "foo::bar(int)", "foo::bar", "foo::bar", "foo::bar"},
	{"_Z1fIiEvT_.constprop.0.cold", "void f<int>(int)", "f<int>", "f", "f<int>"},
	{"_ZNK3fooclEi.part.0", "foo::operator()(int) const", "foo::operator()",
		"foo::operator()", "foo::operator()"},
	{"_ZN3foo3barEv.llvm.123456", "foo::bar()", "foo::bar", "foo::bar", "foo::bar"},
	{"_ZZNK3Foo3bazEvENUlvE_4_FUNEv", "Foo::baz() const::{lambda()#1}::_FUN()",
		"Foo::baz::{lambda()#1}::_FUN", "Foo::baz::{lambda()#1}::_FUN",
		"Foo::baz() const::{lambda()#1}::_FUN"},
	{"_ZZN12_GLOBAL__N_13fooEvENK3$_0clEv",
		"(anonymous namespace)::foo()::$_0::operator()() const",
		"(anonymous namespace)::foo::$_0::operator()",
		"(anonymous namespace)::foo::$_0::operator()",
		"(anonymous namespace)::foo()::$_0::operator()"},
	{"_ZNSt8functionIFvSt6vectorIiSaIiEEEEclES3_",
		"std::function<void (std::vector<int, std::allocator<int> >)>::operator()"
		"(void (std::vector<int, std::allocator<int> >))",
		"std::function<void (std::vector<int, std::allocator<int> >)>::operator()",
		"std::function::operator()",
		"std::function<void (std::vector<int, std::allocator<int> >)>::operator()"},
	{"_ZltIiEbT_S0_", "bool operator< <int>(int, int)", "operator< <int>", "operator<",
		"operator< <int>"},
	{"_ZN12_GLOBAL__N_13barIXgtLi1ELi2EEEEvv",
		"void (anonymous namespace)::bar<((1)>(2))>()",
		"(anonymous namespace)::bar<((1)>(2))>", "(anonymous namespace)::bar",
		"(anonymous namespace)::bar<((1)>(2))>"},
	{"_ZThn16_N3Foo3barEv", "non-virtual thunk to Foo::bar()",
		"non-virtual thunk to Foo::bar", "non-virtual thunk to Foo::bar",
		"non-virtual thunk to Foo::bar()"},
	{"_Znwm@plt", "operator new(unsigned long)@plt", "operator new@plt",
		"operator new@plt", "operator new@plt"},
	{"memcpy@@GLIBC_2.14", "memcpy", "memcpy", "memcpy", "memcpy@@GLIBC_2.14"},
	/* Rust: legacy, with what LLVM appends, and v0 */
	{"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.77",
		"core::fmt::Write::write_fmt", "core::fmt::Write::write_fmt",
		"core::fmt::Write::write_fmt", "core::fmt::Write::write_fmt"},
	{"_RNvC6_123foo3bar", "123foo::bar", "123foo::bar", "123foo::bar", "123foo::bar"},
	{"_RINvC3foo3barhE", "foo::bar::<u8>", "foo::bar::<u8>", "foo::bar", "foo::bar::<u8>"},
	{"_RNvXC3fooNtB2_1SNtB2_1T1f", "<foo::S as foo::T>::f", "<foo::S as foo::T>::f",
		"<foo::S as foo::T>::f", "<foo::S as foo::T>::f"},
	/* Swift, D and Go stay. */
	{"$s4main3fooyyF", NULL, NULL, NULL, NULL},
	{"_D3std5stdio7writelnFZv", NULL, NULL, NULL, NULL},
	{"main.(*T).f", NULL, NULL, NULL, NULL},
};

static void check(struct cpi_env *env, enum cp_demangle mode, bool perf, const struct row *row,
	const char *want)
{
	struct cpi_demangler d;
	struct cp_text got;
	char text[512];

	cpi_demangler_init(&d, env, mode, perf);
	got = cpi_demangle(&d, cpi_text(row->name));
	snprintf(text, sizeof text, "%.*s", (int)got.n, got.p);
	assert_string_equal(text, want ? want : row->name);
	cpi_demangler_release(&d);
}

static void modes(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check(&env, CP_DEMANGLE_FULL, false, &rows[i], rows[i].full);
		check(&env, CP_DEMANGLE_TEMPLATES, false, &rows[i], rows[i].templates);
		check(&env, CP_DEMANGLE_SIMPLE, false, &rows[i], rows[i].simple);
		check(&env, CP_DEMANGLE_TEMPLATES, true, &rows[i], rows[i].perf);
		check(&env, CP_DEMANGLE_NONE, false, &rows[i], NULL);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* Every type of these repeats the one before it twice: 2^40 bytes if nobody stopped it. */
static void expansion_has_an_end(void **state)
{
	static const char *const name[] = {
		"_Z1f1PI1AS0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_ES_IS6_S6_ES_I"
		"S7_S7_ES_IS8_S8_ES_IS9_S9_ES_ISA_SA_ES_ISB_SB_ES_ISC_SC_ES_ISD_SD_ES_ISE_SE_"
		"ES_ISF_SF_ES_ISG_SG_ES_ISH_SH_ES_ISI_SI_ES_ISJ_SJ_ES_ISK_SK_ES_ISL_SL_ES_ISM"
		"_SM_ES_ISN_SN_ES_ISO_SO_ES_ISP_SP_ES_ISQ_SQ_ES_ISR_SR_ES_ISS_SS_ES_IST_ST_ES"
		"_ISU_SU_ES_ISV_SV_ES_ISW_SW_ES_ISX_SX_ES_ISY_SY_ES_ISZ_SZ_ES_IS10_S10_ES_IS1"
		"1_S11_ES_IS12_S12_ES_IS13_S13_ES_IS14_S14_E",
		"_RINvC1a1fThhETB7_B7_ETBb_Bb_ETBj_Bj_ETBr_Br_ETBz_Bz_ETBH_BH_ETBP_BP_ETBX_BX"
		"_ETB15_B15_ETB1d_B1d_ETB1n_B1n_ETB1x_B1x_ETB1H_B1H_ETB1R_B1R_ETB21_B21_ETB2b"
		"_B2b_ETB2l_B2l_ETB2v_B2v_ETB2F_B2F_ETB2P_B2P_ETB2Z_B2Z_ETB39_B39_ETB3j_B3j_E"
		"TB3t_B3t_ETB3D_B3D_ETB3N_B3N_ETB3X_B3X_ETB47_B47_ETB4h_B4h_ETB4r_B4r_EE"};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (unsigned i = 0; i < 2; i++) {
		size_t most = CPI_DEMANGLE_FREE + CPI_DEMANGLE_RATIO * strlen(name[i]);
		struct cpi_demangler d;

		cpi_demangler_init(&d, &env, CP_DEMANGLE_FULL, false);
		assert_ptr_equal(cpi_demangle(&d, cpi_text(name[i])).p, name[i]);
		assert_in_range(d.raw.n, most - 4096, most + CPI_DEMANGLE_RATIO);
		cpi_demangler_release(&d);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* The caller's limit takes the place of the one that grows with the name. */
static void results_have_a_limit(void **state)
{
	struct cp_context_options options = {.size = sizeof options, .limits.demangled = 9};
	struct cp_text name = CPI_TEXT("_ZN5outer5innerEv");
	struct cpi_env env;
	struct cpi_demangler d;

	(void)state;
	for (unsigned more = 0; more < 6; more++) {
		options.limits.demangled = 9 + more;
		cpi_env_init(&env, &options);
		cpi_demangler_init(&d, &env, CP_DEMANGLE_TEMPLATES, false);
		/* "outer::inner" has 12 bytes. */
		assert_int_equal(cpi_demangle(&d, name).p == name.p, more < 3);
		cpi_demangler_release(&d);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static void depth_has_an_end(void **state)
{
	static char name[CPI_DEMANGLE_MOST_IN + 2];
	struct cpi_env env;
	struct cpi_demangler d;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_demangler_init(&d, &env, CP_DEMANGLE_TEMPLATES, false);
	for (size_t n = 64; n <= sizeof name; n = n * 2 + 1) {
		size_t size = n < sizeof name ? n : sizeof name;

		memset(name, 'P', size);
		memcpy(name, "_Z1f", 4);
		name[size - 1] = 'i';
		(void)cpi_demangle(&d, (struct cp_text){name, size});
		for (size_t i = 4; i + 3 <= size; i += 3)
			memcpy(name + i, "1AI", 3);
		(void)cpi_demangle(&d, (struct cp_text){name, size});
	}
	assert_true(cpi_demangle(&d, (struct cp_text){name, sizeof name}).p == name);
	cpi_demangler_release(&d);
	cpi_env_release(&env);
}

static void text_passes(void **state)
{
	static const struct {
		const char *in, *templates, *simple;
	} row[] = {
		{"f(int)::g", "f::g", "f::g"},
		{"a<b(c)::d>::e", "a<b::d>::e", "a::e"},
		{"(anonymous namespace)::f", "(anonymous namespace)::f", "(anonymous namespace)::f"},
		{"X::operator-><int>", "X::operator-><int>", "X::operator->"},
		{"X::operator()<int>", "X::operator()<int>", "X::operator()"},
		{"X::operator()<int>(int)::f", "X::operator()<int>::f", "X::operator()::f"},
		{"X::operator[]<int>", "X::operator[]<int>", "X::operator[]"},
		{"X::operator, <int>", "X::operator, <int>", "X::operator,"},
		{"X::operator std::vector<int>", "X::operator std::vector<int>",
			"X::operator std::vector"},
		{"f(int)::{lambda(auto:1)#2}::operator()<int>",
			"f::{lambda(auto:1)#2}::operator()<int>",
			"f::{lambda(auto:1)#2}::operator()"},
		{"operator<=> <int>", "operator<=> <int>", "operator<=>"},
		{"f[abi:cxx11]<int>", "f[abi:cxx11]<int>", "f[abi:cxx11]"},
		{"f<(A)->b>", "f<(A)->b>", "f"},
		{"operators<int>::f", "operators<int>::f", "operators::f"},
		{"g(h(int))&::k", "g::k", "g::k"},
	};
	struct cpi_env env;
	struct cpi_sink out;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_sink_memory(&out, &env.mem);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		for (int simple = 0; simple < 2; simple++) {
			const char *want = simple ? row[i].simple : row[i].templates;

			out.n = 0;
			assert_true(cpi_demangle_simplify(cpi_text(row[i].in), simple, &out));
			cpi_sink_char(&out, 0);
			assert_string_equal((char *)out.buf, want);
		}
	assert_false(cpi_demangle_simplify(CPI_TEXT("a<b"), true, &out));
	assert_false(cpi_demangle_simplify(CPI_TEXT("a(b>"), true, &out));
	assert_false(cpi_demangle_simplify(CPI_TEXT("a<b)"), true, &out));
	cpi_sink_release(&out);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(expansion_has_an_end),
		cmocka_unit_test(results_have_a_limit),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(text_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
