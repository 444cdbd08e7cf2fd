// @ts-nocheck
// Generated from rule-schema.json by scripts/generate-schema.ts: do not edit.
export const RULE_SCHEMA = {
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Falco rules file",
  "type": "array",
  "items": {
    "$ref": "#/definitions/item"
  },
  "definitions": {
    "item": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "required_engine_version": {
          "type": [
            "string",
            "integer"
          ]
        },
        "required_plugin_versions": {
          "type": "array",
          "items": {
            "$ref": "#/definitions/plugin"
          }
        },
        "list": {
          "type": "string"
        },
        "items": {
          "type": "array",
          "items": {
            "type": [
              "string",
              "number",
              "boolean"
            ]
          }
        },
        "macro": {
          "type": "string"
        },
        "rule": {
          "type": "string"
        },
        "condition": {
          "type": "string"
        },
        "desc": {
          "type": "string"
        },
        "output": {
          "type": "string"
        },
        "priority": {
          "$ref": "#/definitions/priority"
        },
        "source": {
          "type": "string"
        },
        "enabled": {
          "type": "boolean"
        },
        "tags": {
          "type": "array",
          "items": {
            "type": [
              "string",
              "number",
              "boolean"
            ]
          }
        },
        "exceptions": {
          "type": [
            "array",
            "null"
          ],
          "items": {
            "$ref": "#/definitions/exception"
          }
        },
        "warn_evttypes": {
          "type": "boolean"
        },
        "skip-if-unknown-filter": {
          "type": "boolean"
        },
        "capture": {
          "type": "boolean"
        },
        "capture_duration": {
          "type": "integer",
          "minimum": 0
        },
        "append": {
          "type": "boolean"
        },
        "override": {
          "$ref": "#/definitions/override"
        }
      }
    },
    "plugin": {
      "type": "object",
      "additionalProperties": false,
      "required": [
        "name",
        "version"
      ],
      "properties": {
        "name": {
          "type": "string"
        },
        "version": {
          "type": [
            "string",
            "number"
          ]
        },
        "alternatives": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "name",
              "version"
            ],
            "properties": {
              "name": {
                "type": "string"
              },
              "version": {
                "type": [
                  "string",
                  "number"
                ]
              }
            }
          }
        }
      }
    },
    "priority": {
      "enum": [
        "EMERGENCY",
        "ALERT",
        "CRITICAL",
        "ERROR",
        "WARNING",
        "NOTICE",
        "INFO",
        "INFORMATIONAL",
        "DEBUG"
      ]
    },
    "exception": {
      "type": "object",
      "additionalProperties": false,
      "required": [
        "name"
      ],
      "properties": {
        "name": {
          "type": "string"
        },
        "fields": {
          "$ref": "#/definitions/words"
        },
        "comps": {
          "$ref": "#/definitions/words"
        },
        "values": {
          "type": "array"
        }
      }
    },
    "words": {
      "type": [
        "array",
        "string"
      ],
      "items": {
        "type": "string"
      }
    },
    "operation": {
      "enum": [
        "append",
        "replace"
      ]
    },
    "override": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "items": {
          "$ref": "#/definitions/operation"
        },
        "condition": {
          "$ref": "#/definitions/operation"
        },
        "output": {
          "$ref": "#/definitions/operation"
        },
        "desc": {
          "$ref": "#/definitions/operation"
        },
        "priority": {
          "$ref": "#/definitions/operation"
        },
        "tags": {
          "$ref": "#/definitions/operation"
        },
        "exceptions": {
          "$ref": "#/definitions/operation"
        },
        "enabled": {
          "$ref": "#/definitions/operation"
        },
        "warn_evttypes": {
          "$ref": "#/definitions/operation"
        },
        "skip-if-unknown-filter": {
          "$ref": "#/definitions/operation"
        },
        "capture": {
          "$ref": "#/definitions/operation"
        },
        "capture_duration": {
          "$ref": "#/definitions/operation"
        }
      }
    }
  }
}

export const validate: (data: unknown) => boolean = validate21;
const schema6 = {"$schema":"http://json-schema.org/draft-07/schema#","title":"Falco rules file","type":"array","items":{"$ref":"#/definitions/item"},"definitions":{"item":{"type":"object","additionalProperties":false,"properties":{"required_engine_version":{"type":["string","integer"]},"required_plugin_versions":{"type":"array","items":{"$ref":"#/definitions/plugin"}},"list":{"type":"string"},"items":{"type":"array","items":{"type":["string","number","boolean"]}},"macro":{"type":"string"},"rule":{"type":"string"},"condition":{"type":"string"},"desc":{"type":"string"},"output":{"type":"string"},"priority":{"$ref":"#/definitions/priority"},"source":{"type":"string"},"enabled":{"type":"boolean"},"tags":{"type":"array","items":{"type":["string","number","boolean"]}},"exceptions":{"type":["array","null"],"items":{"$ref":"#/definitions/exception"}},"warn_evttypes":{"type":"boolean"},"skip-if-unknown-filter":{"type":"boolean"},"capture":{"type":"boolean"},"capture_duration":{"type":"integer","minimum":0},"append":{"type":"boolean"},"override":{"$ref":"#/definitions/override"}}},"plugin":{"type":"object","additionalProperties":false,"required":["name","version"],"properties":{"name":{"type":"string"},"version":{"type":["string","number"]},"alternatives":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["name","version"],"properties":{"name":{"type":"string"},"version":{"type":["string","number"]}}}}}},"priority":{"enum":["EMERGENCY","ALERT","CRITICAL","ERROR","WARNING","NOTICE","INFO","INFORMATIONAL","DEBUG"]},"exception":{"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string"},"fields":{"$ref":"#/definitions/words"},"comps":{"$ref":"#/definitions/words"},"values":{"type":"array"}}},"words":{"type":["array","string"],"items":{"type":"string"}},"operation":{"enum":["append","replace"]},"override":{"type":"object","additionalProperties":false,"properties":{"items":{"$ref":"#/definitions/operation"},"condition":{"$ref":"#/definitions/operation"},"output":{"$ref":"#/definitions/operation"},"desc":{"$ref":"#/definitions/operation"},"priority":{"$ref":"#/definitions/operation"},"tags":{"$ref":"#/definitions/operation"},"exceptions":{"$ref":"#/definitions/operation"},"enabled":{"$ref":"#/definitions/operation"},"warn_evttypes":{"$ref":"#/definitions/operation"},"skip-if-unknown-filter":{"$ref":"#/definitions/operation"},"capture":{"$ref":"#/definitions/operation"},"capture_duration":{"$ref":"#/definitions/operation"}}}}};
const schema7 = {"type":"object","additionalProperties":false,"properties":{"required_engine_version":{"type":["string","integer"]},"required_plugin_versions":{"type":"array","items":{"$ref":"#/definitions/plugin"}},"list":{"type":"string"},"items":{"type":"array","items":{"type":["string","number","boolean"]}},"macro":{"type":"string"},"rule":{"type":"string"},"condition":{"type":"string"},"desc":{"type":"string"},"output":{"type":"string"},"priority":{"$ref":"#/definitions/priority"},"source":{"type":"string"},"enabled":{"type":"boolean"},"tags":{"type":"array","items":{"type":["string","number","boolean"]}},"exceptions":{"type":["array","null"],"items":{"$ref":"#/definitions/exception"}},"warn_evttypes":{"type":"boolean"},"skip-if-unknown-filter":{"type":"boolean"},"capture":{"type":"boolean"},"capture_duration":{"type":"integer","minimum":0},"append":{"type":"boolean"},"override":{"$ref":"#/definitions/override"}}};
const func2 = Object.prototype.hasOwnProperty;
const schema8 = {"type":"object","additionalProperties":false,"required":["name","version"],"properties":{"name":{"type":"string"},"version":{"type":["string","number"]},"alternatives":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["name","version"],"properties":{"name":{"type":"string"},"version":{"type":["string","number"]}}}}}};

function validate23(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.name === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.version === undefined){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "version"},message:"must have required property '"+"version"+"'"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
for(const key0 in data){
if(!(((key0 === "name") || (key0 === "version")) || (key0 === "alternatives"))){
const err2 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.name !== undefined){
if(typeof data.name !== "string"){
const err3 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.version !== undefined){
let data1 = data.version;
if((typeof data1 !== "string") && (!((typeof data1 == "number") && (isFinite(data1))))){
const err4 = {instancePath:instancePath+"/version",schemaPath:"#/properties/version/type",keyword:"type",params:{type: schema8.properties.version.type},message:"must be string,number"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.alternatives !== undefined){
let data2 = data.alternatives;
if(Array.isArray(data2)){
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
let data3 = data2[i0];
if(data3 && typeof data3 == "object" && !Array.isArray(data3)){
if(data3.name === undefined){
const err5 = {instancePath:instancePath+"/alternatives/" + i0,schemaPath:"#/properties/alternatives/items/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(data3.version === undefined){
const err6 = {instancePath:instancePath+"/alternatives/" + i0,schemaPath:"#/properties/alternatives/items/required",keyword:"required",params:{missingProperty: "version"},message:"must have required property '"+"version"+"'"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
for(const key1 in data3){
if(!((key1 === "name") || (key1 === "version"))){
const err7 = {instancePath:instancePath+"/alternatives/" + i0,schemaPath:"#/properties/alternatives/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data3.name !== undefined){
if(typeof data3.name !== "string"){
const err8 = {instancePath:instancePath+"/alternatives/" + i0+"/name",schemaPath:"#/properties/alternatives/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data3.version !== undefined){
let data5 = data3.version;
if((typeof data5 !== "string") && (!((typeof data5 == "number") && (isFinite(data5))))){
const err9 = {instancePath:instancePath+"/alternatives/" + i0+"/version",schemaPath:"#/properties/alternatives/items/properties/version/type",keyword:"type",params:{type: schema8.properties.alternatives.items.properties.version.type},message:"must be string,number"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath:instancePath+"/alternatives/" + i0,schemaPath:"#/properties/alternatives/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
}
else {
const err11 = {instancePath:instancePath+"/alternatives",schemaPath:"#/properties/alternatives/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
}
else {
const err12 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
validate23.errors = vErrors;
return errors === 0;
}

const schema9 = {"enum":["EMERGENCY","ALERT","CRITICAL","ERROR","WARNING","NOTICE","INFO","INFORMATIONAL","DEBUG"]};

function validate25(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!(((((((((data === "EMERGENCY") || (data === "ALERT")) || (data === "CRITICAL")) || (data === "ERROR")) || (data === "WARNING")) || (data === "NOTICE")) || (data === "INFO")) || (data === "INFORMATIONAL")) || (data === "DEBUG"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema9.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate25.errors = vErrors;
return errors === 0;
}

const schema10 = {"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string"},"fields":{"$ref":"#/definitions/words"},"comps":{"$ref":"#/definitions/words"},"values":{"type":"array"}}};
const schema11 = {"type":["array","string"],"items":{"type":"string"}};

function validate28(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!(Array.isArray(data))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema11.type},message:"must be array,string"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(Array.isArray(data)){
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
if(typeof data[i0] !== "string"){
const err1 = {instancePath:instancePath+"/" + i0,schemaPath:"#/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
}
validate28.errors = vErrors;
return errors === 0;
}


function validate27(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.name === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 in data){
if(!((((key0 === "name") || (key0 === "fields")) || (key0 === "comps")) || (key0 === "values"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.name !== undefined){
if(typeof data.name !== "string"){
const err2 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.fields !== undefined){
if(!(validate28(data.fields, {instancePath:instancePath+"/fields",parentData:data,parentDataProperty:"fields",rootData}))){
vErrors = vErrors === null ? validate28.errors : vErrors.concat(validate28.errors);
errors = vErrors.length;
}
}
if(data.comps !== undefined){
if(!(validate28(data.comps, {instancePath:instancePath+"/comps",parentData:data,parentDataProperty:"comps",rootData}))){
vErrors = vErrors === null ? validate28.errors : vErrors.concat(validate28.errors);
errors = vErrors.length;
}
}
if(data.values !== undefined){
if(!(Array.isArray(data.values))){
const err3 = {instancePath:instancePath+"/values",schemaPath:"#/properties/values/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
}
else {
const err4 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
validate27.errors = vErrors;
return errors === 0;
}

const schema12 = {"type":"object","additionalProperties":false,"properties":{"items":{"$ref":"#/definitions/operation"},"condition":{"$ref":"#/definitions/operation"},"output":{"$ref":"#/definitions/operation"},"desc":{"$ref":"#/definitions/operation"},"priority":{"$ref":"#/definitions/operation"},"tags":{"$ref":"#/definitions/operation"},"exceptions":{"$ref":"#/definitions/operation"},"enabled":{"$ref":"#/definitions/operation"},"warn_evttypes":{"$ref":"#/definitions/operation"},"skip-if-unknown-filter":{"$ref":"#/definitions/operation"},"capture":{"$ref":"#/definitions/operation"},"capture_duration":{"$ref":"#/definitions/operation"}}};
const schema13 = {"enum":["append","replace"]};

function validate33(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((data === "append") || (data === "replace"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema13.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate33.errors = vErrors;
return errors === 0;
}


function validate32(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(func2.call(schema12.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.items !== undefined){
if(!(validate33(data.items, {instancePath:instancePath+"/items",parentData:data,parentDataProperty:"items",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.condition !== undefined){
if(!(validate33(data.condition, {instancePath:instancePath+"/condition",parentData:data,parentDataProperty:"condition",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.output !== undefined){
if(!(validate33(data.output, {instancePath:instancePath+"/output",parentData:data,parentDataProperty:"output",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.desc !== undefined){
if(!(validate33(data.desc, {instancePath:instancePath+"/desc",parentData:data,parentDataProperty:"desc",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.priority !== undefined){
if(!(validate33(data.priority, {instancePath:instancePath+"/priority",parentData:data,parentDataProperty:"priority",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.tags !== undefined){
if(!(validate33(data.tags, {instancePath:instancePath+"/tags",parentData:data,parentDataProperty:"tags",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.exceptions !== undefined){
if(!(validate33(data.exceptions, {instancePath:instancePath+"/exceptions",parentData:data,parentDataProperty:"exceptions",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.enabled !== undefined){
if(!(validate33(data.enabled, {instancePath:instancePath+"/enabled",parentData:data,parentDataProperty:"enabled",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.warn_evttypes !== undefined){
if(!(validate33(data.warn_evttypes, {instancePath:instancePath+"/warn_evttypes",parentData:data,parentDataProperty:"warn_evttypes",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data["skip-if-unknown-filter"] !== undefined){
if(!(validate33(data["skip-if-unknown-filter"], {instancePath:instancePath+"/skip-if-unknown-filter",parentData:data,parentDataProperty:"skip-if-unknown-filter",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.capture !== undefined){
if(!(validate33(data.capture, {instancePath:instancePath+"/capture",parentData:data,parentDataProperty:"capture",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.capture_duration !== undefined){
if(!(validate33(data.capture_duration, {instancePath:instancePath+"/capture_duration",parentData:data,parentDataProperty:"capture_duration",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
}
else {
const err1 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
validate32.errors = vErrors;
return errors === 0;
}


function validate22(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(func2.call(schema7.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.required_engine_version !== undefined){
let data0 = data.required_engine_version;
if((typeof data0 !== "string") && (!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0))))){
const err1 = {instancePath:instancePath+"/required_engine_version",schemaPath:"#/properties/required_engine_version/type",keyword:"type",params:{type: schema7.properties.required_engine_version.type},message:"must be string,integer"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.required_plugin_versions !== undefined){
let data1 = data.required_plugin_versions;
if(Array.isArray(data1)){
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
if(!(validate23(data1[i0], {instancePath:instancePath+"/required_plugin_versions/" + i0,parentData:data1,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate23.errors : vErrors.concat(validate23.errors);
errors = vErrors.length;
}
}
}
else {
const err2 = {instancePath:instancePath+"/required_plugin_versions",schemaPath:"#/properties/required_plugin_versions/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.list !== undefined){
if(typeof data.list !== "string"){
const err3 = {instancePath:instancePath+"/list",schemaPath:"#/properties/list/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.items !== undefined){
let data4 = data.items;
if(Array.isArray(data4)){
const len1 = data4.length;
for(let i1=0; i1<len1; i1++){
let data5 = data4[i1];
if(((typeof data5 !== "string") && (!((typeof data5 == "number") && (isFinite(data5))))) && (typeof data5 !== "boolean")){
const err4 = {instancePath:instancePath+"/items/" + i1,schemaPath:"#/properties/items/items/type",keyword:"type",params:{type: schema7.properties.items.items.type},message:"must be string,number,boolean"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/items",schemaPath:"#/properties/items/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.macro !== undefined){
if(typeof data.macro !== "string"){
const err6 = {instancePath:instancePath+"/macro",schemaPath:"#/properties/macro/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.rule !== undefined){
if(typeof data.rule !== "string"){
const err7 = {instancePath:instancePath+"/rule",schemaPath:"#/properties/rule/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.condition !== undefined){
if(typeof data.condition !== "string"){
const err8 = {instancePath:instancePath+"/condition",schemaPath:"#/properties/condition/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.desc !== undefined){
if(typeof data.desc !== "string"){
const err9 = {instancePath:instancePath+"/desc",schemaPath:"#/properties/desc/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.output !== undefined){
if(typeof data.output !== "string"){
const err10 = {instancePath:instancePath+"/output",schemaPath:"#/properties/output/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.priority !== undefined){
if(!(validate25(data.priority, {instancePath:instancePath+"/priority",parentData:data,parentDataProperty:"priority",rootData}))){
vErrors = vErrors === null ? validate25.errors : vErrors.concat(validate25.errors);
errors = vErrors.length;
}
}
if(data.source !== undefined){
if(typeof data.source !== "string"){
const err11 = {instancePath:instancePath+"/source",schemaPath:"#/properties/source/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data.enabled !== undefined){
if(typeof data.enabled !== "boolean"){
const err12 = {instancePath:instancePath+"/enabled",schemaPath:"#/properties/enabled/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.tags !== undefined){
let data14 = data.tags;
if(Array.isArray(data14)){
const len2 = data14.length;
for(let i2=0; i2<len2; i2++){
let data15 = data14[i2];
if(((typeof data15 !== "string") && (!((typeof data15 == "number") && (isFinite(data15))))) && (typeof data15 !== "boolean")){
const err13 = {instancePath:instancePath+"/tags/" + i2,schemaPath:"#/properties/tags/items/type",keyword:"type",params:{type: schema7.properties.tags.items.type},message:"must be string,number,boolean"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/tags",schemaPath:"#/properties/tags/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data.exceptions !== undefined){
let data16 = data.exceptions;
if((!(Array.isArray(data16))) && (data16 !== null)){
const err15 = {instancePath:instancePath+"/exceptions",schemaPath:"#/properties/exceptions/type",keyword:"type",params:{type: schema7.properties.exceptions.type},message:"must be array,null"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
if(Array.isArray(data16)){
const len3 = data16.length;
for(let i3=0; i3<len3; i3++){
if(!(validate27(data16[i3], {instancePath:instancePath+"/exceptions/" + i3,parentData:data16,parentDataProperty:i3,rootData}))){
vErrors = vErrors === null ? validate27.errors : vErrors.concat(validate27.errors);
errors = vErrors.length;
}
}
}
}
if(data.warn_evttypes !== undefined){
if(typeof data.warn_evttypes !== "boolean"){
const err16 = {instancePath:instancePath+"/warn_evttypes",schemaPath:"#/properties/warn_evttypes/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data["skip-if-unknown-filter"] !== undefined){
if(typeof data["skip-if-unknown-filter"] !== "boolean"){
const err17 = {instancePath:instancePath+"/skip-if-unknown-filter",schemaPath:"#/properties/skip-if-unknown-filter/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data.capture !== undefined){
if(typeof data.capture !== "boolean"){
const err18 = {instancePath:instancePath+"/capture",schemaPath:"#/properties/capture/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data.capture_duration !== undefined){
let data21 = data.capture_duration;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
const err19 = {instancePath:instancePath+"/capture_duration",schemaPath:"#/properties/capture_duration/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 < 0 || isNaN(data21)){
const err20 = {instancePath:instancePath+"/capture_duration",schemaPath:"#/properties/capture_duration/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
}
if(data.append !== undefined){
if(typeof data.append !== "boolean"){
const err21 = {instancePath:instancePath+"/append",schemaPath:"#/properties/append/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data.override !== undefined){
if(!(validate32(data.override, {instancePath:instancePath+"/override",parentData:data,parentDataProperty:"override",rootData}))){
vErrors = vErrors === null ? validate32.errors : vErrors.concat(validate32.errors);
errors = vErrors.length;
}
}
}
else {
const err22 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
validate22.errors = vErrors;
return errors === 0;
}


function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(Array.isArray(data)){
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
if(!(validate22(data[i0], {instancePath:instancePath+"/" + i0,parentData:data,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
}
else {
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate21.errors = vErrors;
return errors === 0;
}
