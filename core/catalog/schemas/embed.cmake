# Writes TEXT into OUT as a C++ constant: the types are part of the library, there is no file to find at run time. Bytes,
# because compilers need not take a string literal of more than 65,536 characters.
file(READ ${TEXT} text HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," text "${text}")
string(REGEX REPLACE "0x0a," "0x0a,\n" text "${text}")
file(WRITE ${OUT} "#include \"core/catalog/schemas/types.h\"

namespace inspector::catalog {

namespace {

constexpr unsigned char kText[] {
${text}};

} // namespace

std::string_view schemaTypes()
{
    return {reinterpret_cast<const char*>(kText), sizeof kText};
}

} // namespace inspector::catalog
")
